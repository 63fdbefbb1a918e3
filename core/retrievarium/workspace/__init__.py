"""What is kept on disk: artifacts by content, locks, jobs, and the data we ship. Knows no retrieval type."""

from retrievarium.workspace.artifacts import Artifact, Workspace, use_workspace, workspace
from retrievarium.workspace.files import atomic_write, content_hash, file_hash, read_json, write_json
from retrievarium.workspace.jobs import Job, JobReporter, Jobs, JobStatus, job_reporter
from retrievarium.workspace.shipped import app_folder, shipped

__all__ = [
    "Artifact",
    "Job",
    "JobReporter",
    "JobStatus",
    "Jobs",
    "Workspace",
    "app_folder",
    "atomic_write",
    "content_hash",
    "file_hash",
    "job_reporter",
    "read_json",
    "shipped",
    "use_workspace",
    "workspace",
    "write_json",
]
