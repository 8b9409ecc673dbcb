"""`python -m foreword`, also under torchrun or accelerate launch."""

from foreword.cli import main

if __name__ == "__main__":
    main()
