"""`python -m fractal_agent`."""

from fractal_agent.cli import main

main()
