"""One row per thing that happened: the audit trail, the timeline, the trigger of everything else."""
