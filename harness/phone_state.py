"""What a phone says of its state, in the words that the harness has for every device."""

from __future__ import annotations

from android_runner.frequency import PolicyState
from android_runner.observe import PhoneObservation
from harness.device import ClusterState, Observation


def describe_state(seen: PhoneObservation) -> Observation:
    """The observation that a phone's own one amounts to."""
    return Observation(
        load_1min=seen.load_1min,
        memory_available_mb=seen.memory_available_mb,
        temperature_c=seen.thermal.skin_c,
        thermal_status=seen.thermal.status,
        thermal_overridden=seen.thermal.overridden,
        battery_percent=seen.battery.level_percent,
        battery_c=seen.battery.celsius,
        battery_mocked=seen.battery.mocked,
        powered=seen.battery.powered,
        screen_on=None if seen.wakefulness is None else seen.wakefulness == "Awake",
        boot_id=seen.boot_id,
        clusters=tuple(_cluster(policy) for policy in seen.policies),
        uptime_s=seen.uptime_s,
        storage_free_mb=seen.storage_free_mb,
        charge_uah=seen.battery.charge_uah,
        voltage_mv=seen.battery.voltage_mv,
        sources=seen.sources,
    )


def _cluster(policy: PolicyState) -> ClusterState:
    return ClusterState(
        policy=f"policy{policy.number}",
        cpus=policy.cpus,
        current_khz=policy.current_khz,
        cap_khz=policy.max_khz,
        highest_khz=policy.hardware_max_khz,
        governor=policy.governor,
        residency_ticks={time.khz: time.ticks for time in policy.time_in_state} or None,
    )
