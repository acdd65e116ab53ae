"""`show`: a run at a glance, or the story of one of its cases."""

from typing import Annotated

import typer

from fractal_agent.commands.options import Json, Run, RunsDir


def show(
    run: Run,
    case: Annotated[str | None, typer.Argument(help="A case's id: its whole story.", metavar="CASE")] = None,
    runs_dir: RunsDir = None,
    json: Json = False,
) -> None:
    """Show a run, or the story of one case.

    A story has the plan, the code, the failing examples, the revised plan, and the verdict.
    """
    from contextlib import suppress

    from events import LOG_NAME
    from events.path import child
    from fractal_agent.catalog import PluginFailed, UnknownName, load_catalog
    from fractal_agent.commands.options import console, print_json, runs_dir_or_default
    from fractal_agent.recording import Recording
    from fractal_agent.report.story import chapters, render_story
    from fractal_agent.report.summary import render_cases, render_summary, summarize
    from fractal_agent.runs import find_run, require_header

    folder = find_run(run, runs_dir_or_default(runs_dir))
    with suppress(PluginFailed):  # its events are then shown as unknown, which is better than nothing
        load_catalog(require_header(folder).settings.plugins)
    recording = Recording(folder)
    timeline = recording.timeline
    if recording.torn:
        typer.echo(f"{folder / LOG_NAME}: {recording.torn} bytes of an unfinished line at its end.", err=True)
    if case is None:
        summary = summarize(timeline, str(folder / LOG_NAME))
        if json:
            print_json(summary)
        else:
            page = console()
            page.print(render_cases(summary))
            page.print(render_summary(summary))
        return
    if case not in timeline.cases:
        raise UnknownName("case", case, timeline.cases)
    story = timeline.cases[case]
    branch = recording.branch_of(case)
    told = chapters(story, {child(branch.name, edit.path) for edit in recording.edits_of(branch)})
    if json:
        print_json({"case": case, "passed": story.passed, "chapters": told})
    else:
        lines = [line for chapter in told for line in chapter.body.splitlines()]
        console(fitting=[*lines, " " * 100]).print(render_story(told))
