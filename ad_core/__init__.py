__version__ = "0.1.0"
from ad_core import _core
