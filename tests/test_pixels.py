from __future__ import annotations

import pytest

from android_runner.pixels import Pixel, PixelCluster, aliases, find_pixel, load_pixels, peak_gflops


def _pixel(alias: str) -> Pixel:
    return next(pixel for pixel in load_pixels() if pixel.alias == alias)


def test_every_pixel_from_3_to_9_has_an_alias() -> None:
    assert " ".join(aliases()) == (
        "pixel3 pixel3xl pixel3a pixel3axl pixel4 pixel4xl pixel4a pixel4a5g pixel5 "
        "pixel6 pixel6pro pixel6a pixel7 pixel7pro pixel7a pixel8 pixel8pro pixel8a "
        "pixel9 pixel9pro pixel9proxl pixel9profold pixel9a"
    )


def test_finds_a_pixel_by_its_codename() -> None:
    assert find_pixel("flame") == Pixel(
        alias="pixel4",
        model="Pixel 4",
        codename="flame",
        soc="SM8150",
        clusters=(
            PixelCluster(
                name="little",
                cpus=(0, 1, 2, 3),
                core="cortex-a55",
                fp32_flops_per_cycle=8,
                max_khz=1785600,
            ),
            PixelCluster(
                name="big",
                cpus=(4, 5, 6),
                core="cortex-a76",
                fp32_flops_per_cycle=16,
                max_khz=2419200,
            ),
            PixelCluster(
                name="prime",
                cpus=(7,),
                core="cortex-a76",
                fp32_flops_per_cycle=16,
                max_khz=2841600,
            ),
        ),
        skin_sensor="sdm-therm-monitor",
        fixed_performance=False,
    )


@pytest.mark.parametrize("codename", [None, "", "FLAME", "starlte"])
def test_does_not_know_other_phones(codename: str | None) -> None:
    assert find_pixel(codename) is None


@pytest.mark.parametrize("pixel", load_pixels(), ids=aliases())
def test_clusters_are_whole_and_the_slowest_comes_first(pixel: Pixel) -> None:
    cpus = [cpu for cluster in pixel.clusters for cpu in cluster.cpus]
    clocks = [cluster.max_khz for cluster in pixel.clusters]

    assert cpus == list(range(9 if pixel.soc == "Zuma" else 8))
    assert clocks == sorted(clocks)
    assert pixel.clusters[0].name == "little"


def test_no_two_pixels_are_confused() -> None:
    for field in ("alias", "model", "codename"):
        values = [getattr(pixel, field) for pixel in load_pixels()]
        assert len(set(values)) == len(values)


# GFLOP/s in fp32 of one core and of all, as published for the same cores and clocks.
@pytest.mark.parametrize(
    ("alias", "cluster", "one", "all_cores"),
    [
        ("pixel3", "little", 14.1, 56.5),
        ("pixel3", "big", 44.9, 179),
        ("pixel4", "little", 14.3, 57.1),
        ("pixel4", "big", 38.7, 116),
        ("pixel4", "prime", 45.5, 45.5),
        ("pixel4a", "little", 14.4, 86.6),
        ("pixel4a", "big", 35.3, 70.7),
        ("pixel5", "little", 14.4, 86.6),
        ("pixel5", "big", 35.3, 35.3),
        ("pixel5", "prime", 38.4, 38.4),
        ("pixel6", "little", 14.4, 57.7),
        ("pixel6", "mid", 36.0, 72.1),
        ("pixel6", "big", 89.7, 179.3),
        ("pixel7", "mid", 37.6, 75.1),
        ("pixel7", "big", 91.2, 182.4),
        ("pixel8", "little", 13.6, 54.5),
        ("pixel8", "mid", 37.9, 151.5),
        ("pixel8", "big", 93.2, 93.2),
        ("pixel9", "little", 15.6, 62.4),
        ("pixel9", "mid", 41.6, 124.8),
        ("pixel9", "big", 99.4, 99.4),
    ],
)
def test_peak_arithmetic_agrees_with_the_published_table(
    alias: str, cluster: str, one: float, all_cores: float
) -> None:
    found = next(each for each in _pixel(alias).clusters if each.name == cluster)

    assert peak_gflops(found) == pytest.approx(one, rel=0.004)
    assert peak_gflops(found) * len(found.cpus) == pytest.approx(all_cores, rel=0.004)


def test_peak_arithmetic_is_at_the_clock_that_the_phone_gives() -> None:
    assert peak_gflops(_pixel("pixel3").clusters[1], 2_500_000) == 40.0
