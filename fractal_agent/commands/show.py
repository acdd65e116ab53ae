"""`show`: a run at a glance, or the story of one of its cases."""

from typing import TYPE_CHECKING, Annotated

import typer

from fractal_agent.commands.options import Json, Plugins, Run, RunsDir

if TYPE_CHECKING:
    from fractal_agent.recording import Recording


def show(
    run: Run,
    case: Annotated[
        str | None,
        typer.Argument(
            help="A case's id: its story. A path in it: what is recorded there.", metavar="CASE|PATH"
        ),
    ] = None,
    plugin: Plugins = None,
    runs_dir: RunsDir = None,
    json: Json = False,
) -> None:
    """Show a run, the story of one case, or one record in full.

    A story has the plan, the code, the failing examples, the revised plan and the verdict, with their paths.
    At the path of a generation stand the prompt that the model read and what it answered.

    \b
    For example:
      show latest
      show latest HumanEval/44
      show latest HumanEval/44/coder.0/generate.0
    """  # noqa: D301 - the backspace keeps the lines apart
    from events import LOG_NAME
    from events.lock import holder_of
    from events.path import child
    from fractal_agent.commands.options import console, print_json
    from fractal_agent.commands.reading import opened
    from fractal_agent.report.story import chapters, render_story
    from fractal_agent.report.summary import render_cases, render_summary, summarize

    recording = opened(run, runs_dir, plugin).recording
    folder, timeline = recording.folder, recording.timeline
    if recording.torn:
        typer.echo(f"{folder / LOG_NAME}: {recording.torn} bytes of an unfinished line at its end.", err=True)
    if case is None:
        summary = summarize(timeline, str(folder / LOG_NAME), holder_of(folder))
        if json:
            print_json(summary)
        else:
            page = console()
            page.print(render_cases(summary))
            page.print(render_summary(summary), crop=False)
        return
    if case not in timeline.cases:
        _show_record(recording, case, json)
        return
    story = timeline.cases[case]
    branch = recording.branch_of(case)
    told = chapters(story, {child(branch.name, edit.path) for edit in recording.edits_of(branch)})
    if json:
        print_json({"case": case, "passed": story.passed, "chapters": told})
    else:
        lines = [line for chapter in told for line in chapter.body.splitlines()]
        console(fitting=[*lines, " " * 100]).print(render_story(told), crop=False)


def _show_record(recording: "Recording", path: str, json: bool) -> None:
    from events.path import is_within
    from fractal_agent.catalog import UnknownName
    from fractal_agent.commands.options import console, print_json
    from fractal_agent.report.record import record_at, record_chapters
    from fractal_agent.report.story import render_story
    from replay.edit import nearest

    record = record_at(recording.journal, path)
    if record is None:
        case = recording.case_of(path)
        if unread := recording.unread_at(path):
            raise typer.BadParameter(unread)
        places = dict.fromkeys([*recording.journal.facts, *recording.journal.effects])
        inside = [place for place in places if is_within(place, case)] if case else []
        if near := nearest(path, inside):
            raise UnknownName("case or path", path, near, of=len(inside))
        raise UnknownName("case or path", path, recording.timeline.cases)
    if json:
        print_json(record)
        return
    chapters = record_chapters(record)
    lines = [line for chapter in chapters for line in chapter.body.splitlines()]
    console(fitting=[*lines, " " * 100]).print(render_story(chapters), crop=False)
