"""The interval of a share that was counted in some trials, such as the power found in replicates."""

from __future__ import annotations

from scipy.special import ndtri


def wilson_interval(share: float, count: int, level: float = 0.95) -> tuple[float, float]:
    """Interval of a binomial share, which holds also where it is 0 or 1.

    share    1  0 to 1, as found
    count    in how many it was found
    level    1  0 to 1, of the interval
    returns  lower and upper end, 0 to 1
    Source: Wilson EB, J Am Stat Assoc 1927;22:209-212
    """
    z = float(ndtri(0.5 + level / 2))
    centre = (share + z**2 / (2 * count)) / (1 + z**2 / count)
    half = z / (1 + z**2 / count) * (share * (1 - share) / count + z**2 / (4 * count**2)) ** 0.5
    return max(centre - half, 0.0), min(centre + half, 1.0)
