"""``python -m daogou`` is ``daogou``."""

from daogou.cli import main

if __name__ == "__main__":
    main()
