#!/bin/bash
# Ways of adapting one backbone with 32 examples of a task, on CB, RTE, SST-2 and BoolQ: the tables of docs/few_examples.md.
#
#     bash scripts/few_examples.sh minilm 0 1          # a backbone, seeds
#
# Comes in:  data/fewglue (FewGLUE with its dev32), data/sst2; for minilm and reader also data/bbc_news. FOREWORD names another command.
# Goes out:  runs/few_examples/BACKBONE/TASK-WAY-SEED, a run each. What has a result is not run again.
set -eu
backbone=$1 && shift
foreword=${FOREWORD:-.venv/bin/foreword}
out=runs/few_examples/$(basename "$backbone")

ways() { # a line for each: its name, its settings
  case $backbone in
  minilm) # no masked-LM head: a layer reads the classes off
    echo fine-tuning method.name=full-finetuning train.lr=1e-4
    echo probe method.name=prompting train.lr=3e-2
    echo prompt-tuning method.name=prompt-tuning method.prompt_len=20 train.lr=1e-2
    echo p-tuning-v2 method.name=p-tuning-v2 train.lr=1e-2
    echo ipt-prompt method.name=ipt method.base=prompt train.lr=1e-2
    echo ipt-prefix method.name=ipt method.base=prefix train.lr=1e-2
    echo ipt-pretrained method.name=ipt method.base=prefix train.lr=1e-2 "train.start_from=$out/topics-ipt"
    ;;
  *) # words in the mask's place, but where the method reads classes
    echo words method.name=prompting method.head=false
    echo fine-tuning method.name=full-finetuning method.head=false train.lr=1e-4
    echo prompt-tuning method.name=prompt-tuning method.prompt_len=20 method.head=false train.lr="$prompt_lr"
    echo p-tuning-v2 method.name=p-tuning-v2 train.lr="$prefix_lr"
    echo warp method.name=warp train.lr=1e-2
    echo ipt-prompt method.name=ipt method.base=prompt method.head=false train.lr="$ipt_lr"
    echo ipt-prefix method.name=ipt method.base=prefix method.head=false train.lr=1e-2
    if [ "$backbone" = reader ]; then # the rest of both families, on a model that ships
      echo ppt method.name=prompt-tuning method.prompt_len=20 method.head=false train.lr="$prompt_lr" "train.start_from=$out/pretext"
      echo ipt-pretrained method.name=ipt method.base=prefix method.head=false train.lr=1e-2 "train.start_from=$out/topics-ipt"
      for encoder in cnn lstm mlp; do
        echo ipt-$encoder method.name=ipt method.base=prefix method.encoder=$encoder method.head=false train.lr=1e-2
      done
    fi
    ;;
  esac
}

case $backbone in # the learning rates that differ: docs/log.md
reader) prompt_lr=1e-1 prefix_lr=1e-3 ipt_lr=3e-2 ;;
*) prompt_lr=1e-2 prefix_lr=1e-2 ipt_lr=1e-2 ;;
esac

if [ "$backbone" = minilm ] || [ "$backbone" = reader ]; then # what is pretrained before
  if [ ! -f "$out/topics-ipt/result-test.json" ]; then
    $foreword train understanding/topics --set backbone.name="$backbone" --out "$out/topics-ipt" && $foreword eval "$out/topics-ipt"
  fi
fi
if [ "$backbone" = reader ] && [ ! -f "$out/pretext/result-dev.json" ]; then
  $foreword train understanding/pretext --set backbone.name=reader --set train.lr=$prompt_lr --out "$out/pretext"
  $foreword eval "$out/pretext" --split dev
fi
for seed in "$@"; do
  for task in cb rte sst2 boolq; do
    ways | while read -r way settings; do
      run=$out/$task-$way-$seed
      [ -f "$run/result-test.json" ] && continue
      told="backbone.name=$backbone eval.size=1000 $settings" # BoolQ's validation file has 3,270 questions
      [ "$backbone-$task" = reader-cb ] && told="$told task.words=yes,no,perhaps" # to its tokenizer "maybe" is two tokens
      # shellcheck disable=SC2086
      $foreword train "understanding/$task" $(printf -- '--set %s ' $told) --seed "$seed" --out "$run" </dev/null
      $foreword eval "$run" </dev/null
    done
  done
done
