"""What was converted, what the index names and how the checks went, as text for a terminal."""

from collections import Counter
from collections.abc import Iterable

from rich.table import Table
from rich.text import Text

from captures.check import CheckResult, first_failure
from captures.convert import Conversion
from captures.files import OUTPUT_RATE_HZ, RAW_AUDIO
from captures.index import CaptureIndex, Span


def conversion_table(conversions: Iterable[Conversion]) -> Table:
    """Return a row for each WAV."""
    table = Table("file", box=None, pad_edge=False)
    for heading in ("bytes", "seconds", "rate", "channels"):
        table.add_column(heading, justify="right")
    for conversion in conversions:
        table.add_row(
            # Text: a name is never markup
            Text(conversion.path.name, no_wrap=True),
            str(conversion.n_bytes),
            f"{conversion.seconds:.3f}",
            str(conversion.stage.rate_hz),
            str(conversion.stage.channels),
        )
    return table


def index_lines(index: CaptureIndex) -> list[str]:
    """Return what the index names: the responses, and the spans summed up by kind."""
    n_samples = sum(response.samples for response in index.responses)
    seconds = n_samples / RAW_AUDIO.rate_hz
    lines = [f"feed {index.feed}: {seconds:.3f} s recorded, responses: {len(index.responses)}"]
    frames: Counter[str] = Counter()
    counts: Counter[str] = Counter()
    for span in index.spans:
        frames[_label(span)] += span.samples
        counts[_label(span)] += 1
    lines += [
        f"  {label:<18} {n / OUTPUT_RATE_HZ:>10.3f} s  in {counts[label]}"
        for label, n in frames.items()
    ]
    if index.truncated:
        lines.append("  recording stopped before the playback ended: what is there is checked")
    return lines


def check_lines(results: Iterable[CheckResult]) -> list[Text]:
    """Return a line for each check, and one that says where the first difference is."""
    results = list(results)
    width = max(len(result.name) for result in results)
    lines = [
        Text.assemble(
            ("ok  ", "green") if result.ok else ("FAIL", "bold red"),
            f"  {result.name:<{width}}  {result.detail}",
        )
        for result in results
    ]
    failure = first_failure(results)
    if failure is not None and failure.stage is not None:
        lines.append(Text(f"stage {failure.stage} is the first that differs: {failure.detail}"))
    return lines


def _label(span: Span) -> str:
    """Return the kind, with the cause or direction if it has one."""
    return " ".join(word for word in (span.kind, span.cause, span.direction) if word)
