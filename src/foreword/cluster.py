"""Other machines, through Ray, where it is installed.

Comes in:  an address.      Goes out: Ray, joined there.
"""

from typing import Any

from foreword.errors import MissingTool, RunError


def join_ray(address: str, **more: Any) -> Any:
    """Ray's module, after `ray.init` at this address; "local" starts a Ray of this machine's own.

    Raises:
        MissingTool: Ray is not installed.
        RunError: no Ray answers there.
    """
    try:
        import ray
    except ImportError:
        raise MissingTool(
            "--ray needs Ray, which is not installed. Install it with `pip install 'foreword[ray]'`."
        ) from None
    try:
        ray.init(address=address, log_to_driver=False, configure_logging=False, include_dashboard=False, **more)
    except (ConnectionError, ValueError) as error:
        raise RunError(f"--ray {address}: no Ray answers there ({error}). `ray start --head` starts one.") from None
    return ray
