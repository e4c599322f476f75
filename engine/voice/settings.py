"""What the user may change about listening and transcribing."""

from __future__ import annotations

from dataclasses import dataclass

from engine.configuration import check, setting

# The multilingual models' languages; openai/whisper, tokenizer.py.
LANGUAGES = """
    en zh de es ru ko fr ja pt tr pl ca nl ar sv it id hi fi vi he uk el ms cs ro da hu ta no
    th ur hr bg lt la mi ml cy sk te fa lv bn sr az sl kn et mk br eu is hy ne mn bs kk sq sw
    gl mr pa si km sn yo so af oc ka be tg sd gu am yi lo uz fo ht ps tk nn mt sa lb my bo tl
    mg as tt haw ln ha ba jw su yue
""".split()  # noqa: SIM905 - one word a language reads better than 99 lines


@dataclass(frozen=True, slots=True)
class StageSettings:
    """Which stages the sound passes before anyone listens to it."""

    high_pass: bool = setting(False, "Remove rumble below 80 Hz")
    noise_suppression: bool = setting(False, "Suppress steady noise; helps in loud rooms")
    gain_control: bool = setting(False, "Raise quiet voices, hold back loud ones")

    def __post_init__(self) -> None:
        """Raise SettingsError where a value cannot work."""
        check(self)


@dataclass(frozen=True, slots=True)
class SegmentSettings:
    """When speech begins and ends."""

    start_probability: float = setting(
        0.5, "Speech starts above this probability", low=0.05, high=0.95
    )
    end_probability: float = setting(0.35, "Silence is below this probability", low=0.01, high=0.95)
    pre_roll_ms: int = setting(
        320, "Sound kept from before speech was noticed", unit="ms", low=0, high=2000
    )
    end_silence_ms: int = setting(
        500, "Silence that ends a sentence", unit="ms", low=200, high=3000
    )
    part_after_s: float = setting(
        12.0, "A longer sentence is parted at its next short pause", unit="s", low=4, high=28
    )
    longest_s: float = setting(
        25.0, "A sentence is cut at a quiet point by this length", unit="s", low=5, high=28
    )

    def __post_init__(self) -> None:
        """Raise SettingsError where a value cannot work."""
        check(self)


@dataclass(frozen=True, slots=True)
class VoiceSettings:
    """Everything the user may change about the voice engine."""

    device: str = setting("", "Microphone by name; empty means the system's default")
    mode: str = setting(
        "always_on",
        "Always on, or only while the key is held",
        choices=("always_on", "push_to_talk"),
    )
    model: str = setting("base", "Whisper model")
    language: str = setting(
        "auto",
        'Language code such as "en", or "auto" to detect it',
        choices=("auto", *LANGUAGES),
    )
    compute: str = setting("auto", "Where to transcribe", choices=("auto", "cpu", "cuda"))
    threads: int = setting(2, "CPU threads for transcription", low=1, high=64)
    partial_every_ms: int = setting(
        250, "How often the words are refreshed while speaking", unit="ms", low=100, high=5000
    )
    keep_days: int = setting(
        90,
        "Days that text, and sound that is kept, stay; 0 keeps all",
        unit="days",
        low=0,
        high=36500,
    )
    keep_recordings: bool = setting(False, "Keep the sound of each recording beside its text")
    stages: StageSettings = StageSettings()
    segment: SegmentSettings = SegmentSettings()

    def __post_init__(self) -> None:
        """Raise SettingsError where a value cannot work."""
        check(self)
