"""The rules of cmake/layers.txt, and what in a source tree breaks them."""
import pathlib
import re

TOOLS = {"extract", "calibrate", "pack", "verify", "inspect"}
SOURCE_SUFFIXES = {".h", ".hpp", ".cc", ".cpp", ".c", ".cu", ".cuh"}
THIRD_PARTIES = {  # key in layers.txt: (pattern of <...> includes, pattern of CMake targets)
    "torch": (r"(ATen|torch|c10)/", r"wean_torch_cpu$|[Tt]orch"),
    "hdf5": (r"(hdf5(_hl)?|H5\w*)\.h$", r"wean_hdf5$|hdf5::"),
    "nlohmann": (r"nlohmann/", r"nlohmann_json::"),
    "sentencepiece": (r"sentencepiece", r".*sentencepiece"),
    "openssl": (r"openssl/", r"OpenSSL::"),
    "CLI": (r"CLI/", r"CLI11::"),
    "fmt": (r"fmt/", r"fmt::"),
    "png": (r"png\w*\.h$", r"PNG::"),
}
INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]*([<"])([^>"]+)[>"]', re.MULTILINE)


class Rules:
    """Parsed cmake/layers.txt: folders (folder -> folders it may see), files (folder -> file names of tools that may see
    it), third (key -> folders that may see it)."""

    def __init__(self, text):
        self.folders, self.files, self.third = {}, {}, {}
        for line in text.splitlines():
            words = line.split("#")[0].split()
            if not words:
                continue
            table = {"*": self.files, "@": self.third}.get(words[0][0], self.folders)
            table[words[0].lstrip("*@")] = {word for word in words[1:] if word != "-"}

    def layer_of(self, path):
        """Longest listed folder that holds `path` (relative, posix), or None."""
        holders = [f for f in self.folders if path == f or path.startswith(f + "/")]
        return max(holders, key=len, default=None)

    def may_see(self, path, layer, target):
        """Whether the file or folder `path` of `layer` may see the layer `target`."""
        if target == layer or target in self.folders[layer]:
            return True
        return layer in TOOLS and pathlib.PurePosixPath(path).name in self.files.get(target, ())

    def reaches(self, layer, target):
        """Whether `layer` may link `target`: it may include it, or something that leads to it."""
        seen, open_layers = {layer}, [layer]
        while open_layers:
            fresh = self.folders[open_layers.pop()] - seen
            seen |= fresh
            open_layers += fresh
        return target in seen

    def third_faults(self, path, name, column):
        """Third parties that `name` (an include or a CMake target) belongs to although `path` may not see them."""
        return [f"{path}: {name}: third party '{key}' only in {', '.join(sorted(self.third[key]))}"
                for key, patterns in THIRD_PARTIES.items()
                if re.match(patterns[column], name)
                and not any(f"{path}/".startswith(folder + "/") for folder in self.third.get(key, ()))]


def sources(root):
    """C and C++ files of the layers and of the tests, relative to `root`; folders of builds are not looked at."""
    for top in sorted(p for p in root.iterdir() if p.is_dir() and p.name not in {"build", "out"} and p.name[0] != "."):
        for path in sorted(top.rglob("*")):
            if path.suffix in SOURCE_SUFFIXES and path.is_file():
                yield path.relative_to(root).as_posix()


def resolve(root, name):
    """Folder-relative path of a quoted include; <wean/...> and "wean/..." are the public headers of the runtime."""
    return next((p for p in (name, "runtime/include/" + name) if (root / p).is_file()), None)


def check_include(root, rules, path, layer, bracket, name):
    target_path = resolve(root, name)
    if target_path is None:
        if bracket == '"':
            return [f"{path}: \"{name}\": no such file; includes are given from the repository root"]
        return rules.third_faults(path, name, 0) if layer else []
    target = rules.layer_of(target_path)
    if layer is None:
        return []  # tests and examples may see everything
    if target is None:
        return [f"{path}: \"{name}\": product code includes a file outside the layers"]
    return [] if rules.may_see(path, layer, target) else [f"{path}: \"{name}\": {layer} may not include {target}"]


def include_faults(root, rules):
    faults = []
    free = {"tests", "examples"}
    for path in sources(root):
        layer = rules.layer_of(path)
        if layer is None and path.split("/")[0] not in free:
            faults.append(f"{path}: its folder is not in cmake/layers.txt")
            continue
        text = (root / path).read_text(encoding="utf-8")
        for bracket, name in INCLUDE.findall(text):
            faults += check_include(root, rules, path, layer, bracket, name)
    return faults


def link_faults(rules, links):
    """`links`: lines "target folder: linked linked", as cmake/WeanTargets.cmake records them."""
    edges = {}
    for line in links.splitlines():
        head, _, linked = line.partition(":")
        target, folder = head.split()
        edges[target] = (folder, linked.split())
    faults = []
    for target, (folder, linked) in edges.items():
        layer = rules.layer_of(folder)
        for name in linked:
            plain = name.replace("wean::", "wean_") if name.startswith("wean::") else name
            if plain in edges:
                other = rules.layer_of(edges[plain][0])
                # A tool links the command line; which of its files see it is the includes' matter.
                tool = other in rules.files and layer in TOOLS
                if layer and not rules.reaches(layer, other) and not tool:
                    faults.append(f"{folder}: {target} links {name}: {layer} may not link {other}")
            elif layer:
                faults += rules.third_faults(folder, name, 1)
    return faults
