"""Java programs that ship inside pycocoevalcap, run once over all texts.

Comes in:  a jar, its arguments, lines of text.      Goes out: the lines it printed.
The process lives inside one call: nothing is left running, no temporary file is written.
"""

import shutil
import subprocess
from collections.abc import Sequence
from importlib.metadata import distribution

from foreword.errors import MissingTool

# Texts are UTF-8 in both directions, whatever the locale; METEOR's tables need more than a small machine's default heap.
_JVM_OPTIONS = ["-Xmx2G", "-Dfile.encoding=UTF-8", "-Dstdout.encoding=UTF-8"]


def run_java(purpose: str, jar: str, arguments: Sequence[str], lines: Sequence[str]) -> list[str]:
    """What a Java program prints for some lines on its standard input; one line each.

    Args:
        purpose: what the program is to the user, for messages ("METEOR").
        jar: its path inside pycocoevalcap.
        arguments: after `java <options>`; "{jar}" stands for the jar's path.
        lines: without line ends inside.

    Raises:
        MissingTool: there is no Java, or the program failed, or it did not answer each line.
    """
    java = shutil.which("java")
    if java is None:
        raise MissingTool(
            f"{purpose} needs Java, and no program 'java' was found. Install a Java runtime (8 or newer)."
        )
    path = str(distribution("pycocoevalcap").locate_file(f"pycocoevalcap/{jar}"))
    command = [java, *_JVM_OPTIONS, *(path if argument == "{jar}" else argument for argument in arguments)]
    given = "".join(f"{line}\n" for line in lines).encode(errors="replace")
    done = subprocess.run(command, input=given, capture_output=True)
    printed = done.stdout.decode(errors="replace").split("\n")
    answers = printed[:-1] if printed[-1] == "" else printed
    if done.returncode != 0 or len(answers) != len(lines):
        said = done.stderr.decode(errors="replace").strip().splitlines()
        raise MissingTool(
            f"{purpose} failed in Java: exit code {done.returncode}, {len(answers)} answers to {len(lines)} lines, "
            f"last words {(said or [''])[-1]!r}. Try 'java -version'; it needs 2 GiB of memory."
        )
    return answers
