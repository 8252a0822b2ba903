"""How a network's stream is set up: it keeps all of one network, for good, and nothing else."""

from collections.abc import Mapping
from typing import Any, Final

from nats.js.api import DiscardPolicy, RetentionPolicy, StorageType, StreamConfig, StreamState

from adapters.nats.trouble import StreamRefused

DUPLICATES_SECONDS: Final = 120.0
_UNLIMITED: Final = -1


def name_of(network: str) -> str:
    return f"TASMA_{network.upper()}"


def subjects_of(network: str) -> str:
    return f"tasma.{network}.>"


def setup_of(network: str, replicas: int) -> StreamConfig:
    return StreamConfig(
        name=name_of(network),
        subjects=[subjects_of(network)],
        storage=StorageType.FILE,
        retention=RetentionPolicy.LIMITS,
        num_replicas=replicas,
        duplicate_window=DUPLICATES_SECONDS,
        deny_delete=True,
        deny_purge=True,
    )


def check_setup(network: str, config: StreamConfig, replicas: int | None) -> None:
    """Whether nothing that is published to an existing stream is refused, changed or lost in time. Raises StreamRefused.

    Settings that this client does not know it does not show: what they take away is missed when the stream is looked at.
    """
    wanted: Mapping[str, tuple[Any, Any]] = {
        "subjects": (config.subjects, [subjects_of(network)]),
        "storage": (config.storage, StorageType.FILE.value),
        "retention": (config.retention, RetentionPolicy.LIMITS.value),
        "discard": (config.discard, DiscardPolicy.OLD.value),
        "max_msgs": (config.max_msgs, _UNLIMITED),
        "max_bytes": (config.max_bytes, _UNLIMITED),
        "max_age": (config.max_age or 0, 0),
        "max_msgs_per_subject": (config.max_msgs_per_subject, _UNLIMITED),
        "max_msg_size": (config.max_msg_size, _UNLIMITED),
        "deny_delete": (config.deny_delete, True),
        "deny_purge": (config.deny_purge, True),
        "num_replicas": (config.num_replicas, replicas or config.num_replicas),
        "no_ack": (config.no_ack, False),
        "sealed": (config.sealed, False),
        "sources": (config.sources or None, None),
        "mirror": (config.mirror, None),
        "subject_transform": (config.subject_transform, None),
        "allow_rollup_hdrs": (config.allow_rollup_hdrs, False),
        "allow_msg_ttl": (config.allow_msg_ttl or False, False),
        "allow_msg_counter": (config.allow_msg_counter or False, False),
    }
    wrong = [f"{name} is {has!r}, not {right!r}" for name, (has, right) in wanted.items() if has != right]
    if wrong:
        raise StreamRefused(
            f"The stream {name_of(network)} is not set up as a relay's: {'; '.join(wrong)}. It is left as it is; change it with the "
            "tools of NATS, or take it away, and the relay makes it anew."
        )


def check_whole(network: str, state: StreamState) -> None:
    """Whether a stream still has everything that was ever in it. Raises StreamRefused."""
    last = state.last_seq
    if last and (state.first_seq != 1 or state.messages != last or state.num_deleted):
        raise StreamRefused(
            f"The stream {name_of(network)} has lost messages: it ends at {last:,}, begins at {state.first_seq:,} and holds "
            f"{state.messages:,}, so what was there cannot be compared with the log. Take it away, and the relay makes it anew."
        )
