"""Whether an exported model draws the same wherever it is loaded.

python -m benchmarks.portability --model work --python other/bin/python
"""
