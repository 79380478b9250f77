#!/bin/sh
# Submits a comparison as a job array, and its report behind it.
#   sh submit.sh GRID.toml OUT [SHARDS]
set -eu
grid=$1 out=$2 shards=${3:-4}
here=$(dirname "$0")

array=$(sbatch --parsable --array="0-$((shards - 1))" "$here/compare.sbatch" "$grid" "$out")
# afterany, not afterok: a report of a comparison with failed cells names them.
report=$(sbatch --parsable --dependency="afterany:$array" "$here/report.sbatch" "$out")
echo "shards are job $array, the report is job $report; see them with: squeue --me"
