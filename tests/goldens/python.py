"""Signs inputs.tsv with Python's hmac: python3 python.py > python.tsv"""
import base64
import hmac
import pathlib
import platform

print(f"# made by: python3 python.py > python.tsv (Python {platform.python_version()})")
for line in pathlib.Path(__file__).with_name("inputs.tsv").read_text().splitlines():
    if line.startswith("#"):
        continue
    vendor, secret, timestamp, body = line.split("\t")
    key, body = bytes.fromhex(secret), bytes.fromhex("" if body == "-" else body)
    if vendor == "smile-api":
        print(hmac.new(key, body, "sha512").hexdigest())
    else:
        mac = hmac.new(key, timestamp.encode() + b"." + body, "sha256")
        print(base64.b64encode(mac.digest()).decode())
