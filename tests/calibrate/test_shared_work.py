"""Work of a fit is done in order by processes, by those that stay, and by the workers of a cluster."""

import math

import numpy as np
import pytest

from resprout.calibrate.residuals import Trials
from resprout.calibrate.shared_work import by_own_processes, folder_elsewhere, shared_among
from resprout.errors import InputError
from resprout.language import load_model

MODEL = load_model()


@pytest.mark.parametrize("cluster", [None, "local:2"])
def test_lent_workers_answer_in_order(cluster):
    with shared_among(cluster) as share:
        assert share(math.factorial, [3, 1, 4]) == [6, 1, 24]
        assert share(math.factorial, [5]) == [120]


def test_workers_compute_the_residuals_that_this_process_does():
    block = Trials.of(MODEL, {}, trials=["zarate2013_lanicemine"])
    points = [{}, {"placebo_depth": 0.2}]
    alone = np.concatenate([block.residuals([point]) for point in points])
    assert np.array_equal(block.residuals(points, by_own_processes), alone)


def test_a_shipped_model_is_found_without_its_folder():
    assert folder_elsewhere(MODEL) is None


def test_a_cluster_that_is_none_is_refused_at_once():
    with pytest.raises(InputError, match="no cluster"), shared_among("somewhere"):
        pass
