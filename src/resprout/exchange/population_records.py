"""The PEtab extension `population` as records: how parameters differ between individuals, who is in a group, which measurements are summaries."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

NORMAL_VALUES, LOG_NORMAL, LOGIT_NORMAL, BERNOULLI = "normal", "log-normal", "logit-normal", "bernoulli"
MEAN, SD, SHARE_ABOVE, SHARE_BELOW, QUANTILE = "mean", "sd", "share_above", "share_below", "quantile"
LIN_COVARIATE, LOG_COVARIATE = "lin", "log"


@dataclass(frozen=True)
class Distribution:
    """How one parameter differs between individuals.

    parameter   of the parameter table, or a constant of the model; its value is that of the typical individual
    kind        normal, log-normal or logit-normal: the scale on which random effects are added
    spread      SymPy expression: standard deviation on that scale
    effect      name of the standard normal random effect
    """

    parameter: str
    kind: str
    spread: Any
    effect: str


@dataclass(frozen=True)
class CovariateEffect:
    """What a covariate does to a parameter on the scale of its distribution.

    parameter   it acts on                          covariate   its name
    coefficient SymPy expression                    reference   value of the covariate at which it does nothing
    scale       lin or log: how the covariate is read
    """

    parameter: str
    covariate: str
    coefficient: Any
    reference: float
    scale: str = LIN_COVARIATE


@dataclass(frozen=True)
class CovariateValue:
    """A covariate in a group.

    value    mean (normal), median (log-normal) or probability of 1 (bernoulli)
    spread   standard deviation, of the logarithm if log-normal; 0 where all have the value
    kind     normal, log-normal or bernoulli
    """

    value: float
    spread: float = 0.0
    kind: str = NORMAL_VALUES

    @property
    def varies(self) -> bool:
        """Whether individuals of the group differ in it."""
        return self.spread > 0 or (self.kind == BERNOULLI and 0 < self.value < 1)


@dataclass(frozen=True)
class Group:
    """Individuals who go through experiments.

    name         of the group                       sizes        individuals by experiment
    covariates   by name                            summaries    whether summaries of them were measured, or one individual's own values
    """

    name: str
    sizes: Mapping[str, int]
    covariates: Mapping[str, CovariateValue] = field(default_factory=dict)
    summaries: bool = True


@dataclass(frozen=True)
class Summary:
    """What the measurements of one observable are a summary of.

    statistic   mean, sd, share_above, share_below or quantile      argument   threshold of a share, level of a quantile
    """

    statistic: str
    argument: float | None = None


@dataclass(frozen=True, eq=False)
class PopulationModel:
    """The extension of one problem, checked.

    distributions   of parameters                 effects       names of the random effects, in order
    correlations    pairs of places in `effects` with SymPy expressions
    covariate_effects, groups                     summaries     by observable
    """

    distributions: tuple[Distribution, ...]
    effects: tuple[str, ...]
    correlations: tuple[tuple[int, int, Any], ...]
    covariate_effects: tuple[CovariateEffect, ...]
    groups: tuple[Group, ...]
    summaries: Mapping[str, Summary]

    @property
    def parameters(self) -> tuple[str, ...]:
        """Names of the parameters in which individuals differ."""
        return tuple(each.parameter for each in self.distributions)
