"""Converts folders with llama.cpp's own converter, in one process.

  reference_convert.py LLAMA_CPP FOLDERS < lines "NAME PRE"

Writes FOLDERS/NAME/reference.gguf in the precision of the folder. The converter knows a pre-tokenizer by the hash of
what a released vocabulary makes of a text, which a random vocabulary cannot meet, so PRE is given to it.
"""

import json
import logging
import pathlib
import sys

sys.path[:0] = [sys.argv[1], str(pathlib.Path(sys.argv[1]) / "gguf-py")]
import gguf  # noqa: E402
from conversion import ModelType, get_model_class  # noqa: E402
from conversion.base import ModelBase, TextModel, get_model_architecture  # noqa: E402

TYPES = {"float32": gguf.LlamaFileType.ALL_F32, "float16": gguf.LlamaFileType.MOSTLY_F16,
         "bfloat16": gguf.LlamaFileType.MOSTLY_BF16}
logging.disable(logging.WARNING)

for line in sys.stdin:
    name, pre = line.split()
    folder = pathlib.Path(sys.argv[2]) / name
    TextModel.get_vocab_base_pre = lambda self, tokenizer, pre=pre: pre
    config = json.loads((folder / "config.json").read_text())
    hparams = ModelBase.load_hparams(folder, False)
    model_class = get_model_class(get_model_architecture(hparams, ModelType.TEXT))
    model_class(folder, TYPES[config["dtype"]], folder / "reference.gguf", eager=True).write()
