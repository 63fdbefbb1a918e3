"""What is kept on disk: artifacts by content, locks, jobs, and the data we ship. Knows no retrieval type."""

from retrievarium.workspace.annotation_files import html_report, read_annotations, report, to_csv, to_jsonl
from retrievarium.workspace.annotations import Annotation, Annotations, Taken, tags_of
from retrievarium.workspace.artifacts import Artifact, Workspace, use_workspace, workspace
from retrievarium.workspace.files import atomic_write, content_hash, file_hash, read_json, write_json
from retrievarium.workspace.jobs import Job, JobReporter, Jobs, JobStatus, job_reporter
from retrievarium.workspace.shipped import app_folder, shipped

__all__ = [
    "Annotation",
    "Annotations",
    "Artifact",
    "Job",
    "JobReporter",
    "JobStatus",
    "Jobs",
    "Taken",
    "Workspace",
    "app_folder",
    "atomic_write",
    "content_hash",
    "file_hash",
    "html_report",
    "job_reporter",
    "read_annotations",
    "read_json",
    "report",
    "shipped",
    "tags_of",
    "to_csv",
    "to_jsonl",
    "use_workspace",
    "workspace",
    "write_json",
]
