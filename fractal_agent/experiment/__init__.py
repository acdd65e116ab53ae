"""Experiments: models by architectures by seeds, one run a cell, and which problems they are made on."""

from fractal_agent.experiment.cells import CellMismatch, Experiment, FolderUnusable, cell_jobs
from fractal_agent.experiment.running import run_experiment
from fractal_agent.experiment.subset import SubsetError, chosen_ids, hardest, subset_ids

__all__ = [
    "CellMismatch",
    "Experiment",
    "FolderUnusable",
    "SubsetError",
    "cell_jobs",
    "chosen_ids",
    "hardest",
    "run_experiment",
    "subset_ids",
]
