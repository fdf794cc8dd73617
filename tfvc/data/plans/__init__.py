"""How utterances are cut and gathered into batches."""

from tfvc.data.plans.buckets import Buckets
from tfvc.data.plans.crops import Crops
from tfvc.data.plans.middle import Middle
from tfvc.data.plans.schedule import Plan, Rows, Schedule

__all__ = ["Buckets", "Crops", "Middle", "Plan", "Rows", "Schedule"]
