"""Write the first rows of Parquet files as one file: for an engine that takes no row count."""

import argparse
import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("out", type=Path)
parser.add_argument("files", type=Path, nargs="+")
parser.add_argument("--rows", type=int, required=True)
arguments = parser.parse_args()
table = pa.concat_tables([pq.read_table(path) for path in arguments.files]).slice(0, arguments.rows)
pq.write_table(table, arguments.out)
print(json.dumps({"rows": table.num_rows}))
