"""Rosenbrock methods as tables of numbers (transformed form): (1/(h gamma) - J) U_i = f(y + sum a_ij U_j) + sum c_ij U_j / h."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Tableau:
    """A stiffly accurate Rosenbrock method: the last stage is the error, the stage point before it plus that stage the result.

    a, c     [stage][earlier stage]   weights inside f, and of the earlier stages over h
    dense    [order][stage]           weights of the interpolant's correction terms
    order    of the error estimate's companion, for the step controller
    source   where the numbers are published
    """

    name: str
    gamma: float
    a: tuple[tuple[float, ...], ...]
    c: tuple[tuple[float, ...], ...]
    dense: tuple[tuple[float, ...], ...]
    order: int
    source: str


RODAS4 = Tableau(
    name="Rodas4",
    gamma=0.25,
    a=(
        (),
        (1.544,),
        (0.9466785280815826, 0.2557011698983284),
        (3.314825187068521, 2.896124015972201, 0.9986419139977817),
        (1.221224509226641, 6.019134481288629, 12.53708332932087, -0.6878860361058950),
        (1.221224509226641, 6.019134481288629, 12.53708332932087, -0.6878860361058950, 1.0),
    ),
    c=(
        (),
        (-5.6688,),
        (-2.430093356833875, -0.2063599157091915),
        (-0.1073529058151375, -9.594562251023355, -20.47028614809616),
        (7.496443313967647, -10.24680431464352, -33.99990352819905, 11.70890893206160),
        (8.083246795921522, -7.981132988064893, -31.52159432874371, 16.31930543123136, -6.058818238834054),
    ),
    dense=(
        (10.12623508344586, -7.487995877610167, -34.80091861555747, -7.992771707568823, 1.025137723295662),
        (-0.6762803392801253, 6.087714651680015, 16.43084320892478, 24.76722511418386, -6.594389125716872),
    ),
    order=4,
    source="Hairer and Wanner, Solving Ordinary Differential Equations II, code RODAS, method 1",
)
