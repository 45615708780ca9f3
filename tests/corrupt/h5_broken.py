"""Broken HDF5 files, each made from a good one with h5py, each with the exit code and a part of the message it must get.

    h5_broken.py TOOL FOLDER   TOOL is wean-h5-tool, FOLDER is for the files
"""
import hashlib
import pathlib
import shutil
import subprocess
import sys

import h5py
import numpy as np

MALFORMED, INTEGRITY, IO, NOT_FINITE = 3, 4, 6, 11
PROFILE_ORDER = ["mass", "mass_square", "threshold_row", "threshold_map", "removal_error", "removal_error_wide", "rows_token",
                 "rows_mass"]
SHARD_ORDER = ["mass", "mass_scale", "removal_error", "removal_error_scale", "removal_error_wide", "removal_error_wide_scale",
               "rows_token", "rows_mass"]
CASES = []


def case(kind, code, message):
    """Registers a mutation f(file) of an open h5py file, or of a path when its name begins with `raw_`."""

    def register(f):
        CASES.append((f.__name__, kind, code, message, f))
        return f

    return register


def put(file, name, data, chunks=True, **options):
    """Replaces a dataset by `data` with the properties that wean's datasets have."""
    data = np.asarray(data)
    old = file.get(name)
    options.setdefault("fletcher32", True)
    options.setdefault("chunks", (old.chunks if old is not None and old.shape == data.shape else data.shape) if chunks else None)
    if name in file:
        del file[name]
    return file.create_dataset(name, data=data, track_times=False, **options)


def set_text(file, name, text):
    kind = h5py.h5t.C_S1.copy()
    kind.set_size(max(1, len(text)))
    kind.set_cset(h5py.h5t.CSET_UTF8)
    kind.set_strpad(h5py.h5t.STR_NULLPAD)
    if name in file.attrs:
        del file.attrs[name]
    attribute = h5py.h5a.create(file.id, name.encode(), kind, h5py.h5s.create(h5py.h5s.SCALAR))
    attribute.write(np.array(text.encode(), f"S{max(1, len(text))}"), mtype=kind)


def set_integer(file, name, value):
    file.attrs[name] = np.uint64(value)


def redigest(file, order):
    """Makes the digests of slab (0, 0, 0, 0) true again, so that rules on values are reached."""
    steps = slice(0, int(file["phase_steps"][0]))
    for place, name in enumerate(order):
        part = file[name][0, 0, 0, steps] if name.startswith("rows_") else file[name][0, 0, 0, 0]
        file["digest"][0, 0, 0, 0, place] = np.frombuffer(hashlib.sha256(np.ascontiguousarray(part)).digest(), np.uint8)


def change(file, name, index, value, order=PROFILE_ORDER):
    file[name][index] = value
    redigest(file, order)


# --- files ---------------------------------------------------------------------------------------------------------


@case("profile", MALFORMED, "not a whole HDF5 file: file signature not found")
def raw_text_file(path):
    path.write_text("no HDF5 at all\n" * 100)


@case("profile", MALFORMED, "not a whole HDF5 file")
def raw_empty_file(path):
    path.write_bytes(b"")


@case("profile", MALFORMED, "truncated file")
def raw_truncated(path):
    path.write_bytes(path.read_bytes()[:-1])


@case("profile", IO, "cannot open: No such file or directory")
def raw_missing(path):
    path.unlink()


@case("profile", IO, "not a regular file")
def raw_folder(path):
    path.unlink()
    path.mkdir()


@case("profile", MALFORMED, "user block of 512 bytes; none is allowed")
def raw_user_block(path):
    source = path.with_suffix(".source")
    shutil.move(path, source)
    with h5py.File(source) as old, h5py.File(path, "w", libver=("v110", "v110"), userblock_size=512) as new:
        for name, value in old.attrs.items():
            new.attrs[name] = value
        for name in old:
            old.copy(name, new)


@case("profile", MALFORMED, "superblock version 0")
def raw_old_superblock(path):
    source = path.with_suffix(".source")
    shutil.move(path, source)
    with h5py.File(source) as old, h5py.File(path, "w", libver=("earliest", "v110")) as new:
        for name in old:
            old.copy(name, new)


# --- links and objects ---------------------------------------------------------------------------------------------


@case("profile", MALFORMED, "link 'mass' is soft or external; only hard links are allowed")
def soft_link(f):
    f.move("mass", "moved")
    f["mass"] = h5py.SoftLink("/moved")


@case("profile", MALFORMED, "link 'mass' is soft or external")
def soft_link_to_itself(f):
    del f["mass"]
    f["mass"] = h5py.SoftLink("/mass")


@case("profile", MALFORMED, "link 'mass' is soft or external")
def external_link(f):
    del f["mass"]
    f["mass"] = h5py.ExternalLink("/etc/hostname", "/x")


@case("profile", MALFORMED, "has 2 links; one is allowed")
def two_names_for_one_dataset(f):
    del f["mass_square"]
    f["mass_square"] = f["mass"]


@case("profile", MALFORMED, "object 'folder' is no dataset")
def group(f):
    f.create_group("folder")


@case("profile", MALFORMED, "object 'root' is no dataset")
def hard_link_to_root(f):
    f["root"] = f["/"]


@case("profile", MALFORMED, "object 'kind_of_number' is no dataset")
def named_type(f):
    f["kind_of_number"] = np.dtype("f4")


@case("profile", MALFORMED, "79 links; at most 64 are allowed")
def many_links(f):
    for i in range(65):
        put(f, f"extra{i}", np.zeros(1, np.uint8))


@case("profile", MALFORMED, "name of 300 bytes; at most 64 are allowed")
def long_name(f):
    put(f, "x" * 300, np.zeros(1, np.uint8))


@case("profile", MALFORMED, "unknown dataset 'surplus'")
def surplus_dataset(f):
    put(f, "surplus", np.zeros(1, np.uint8))


@case("profile", MALFORMED, "dataset 'threshold_map' is missing")
def missing_dataset(f):
    del f["threshold_map"]


@case("profile", MALFORMED, "dataset 'sigmas' is missing")
def missing_small_dataset(f):
    del f["sigmas"]


@case("profile", MALFORMED, "dataset 'digest' is missing")
def missing_digest(f):
    del f["digest"]


# --- types, shapes, storage ----------------------------------------------------------------------------------------


@case("profile", MALFORMED, "dataset 'mass' has type float64; it must be float32")
def other_type(f):
    put(f, "mass", f["mass"][()].astype(np.float64))


@case("profile", MALFORMED, "data type of class 1 and 4 bytes")
def big_endian(f):
    put(f, "mass", f["mass"][()].astype(">f4"))


@case("profile", MALFORMED, "data type of class 9")
def variable_length(f):
    del f["mass"]
    f.create_dataset("mass", (2,), dtype=h5py.vlen_dtype(np.float32))


@case("profile", MALFORMED, "data type of class 3 and 8 bytes")
def variable_length_text(f):
    del f["mass"]
    f.create_dataset("mass", (2,), dtype=h5py.string_dtype())


@case("profile", MALFORMED, "data type of class 7")
def references(f):
    del f["mass"]
    f.create_dataset("mass", (2,), dtype=h5py.ref_dtype)


@case("profile", MALFORMED, "data type of class 6")
def compound(f):
    put(f, "mass", np.zeros(3, [("a", "f4"), ("b", "u1")]))


@case("profile", MALFORMED, "data type of class 8")
def enumeration(f):
    put(f, "branches", np.array([0, 1], np.uint8), dtype=h5py.enum_dtype({"a": 0, "b": 1}, basetype="u1"))


@case("profile", MALFORMED, "named data type; only plain ones are allowed")
def committed_type(f):
    named = h5py.h5t.IEEE_F32LE.copy()
    named.commit(f.id, b"plain")
    data = f["mass"][()]
    del f["mass"]
    space = h5py.h5s.create_simple(data.shape)
    h5py.h5d.create(f.id, b"mass", named, space)
    del f["plain"]


@case("profile", MALFORMED, "must be [2, 2, 1, 2, 3, 3, 3]")
def other_rank(f):
    put(f, "mass", f["mass"][0])


@case("profile", MALFORMED, "has shape [2, 2, 1, 2, 3, 3, 2]; it must be [2, 2, 1, 2, 3, 3, 3]")
def other_shape(f):
    put(f, "mass", f["mass"][..., :2])


@case("profile", MALFORMED, "dataset 'mass': rank 9; allowed are 1 to 8")
def rank_nine(f):
    put(f, "mass", np.zeros((1,) * 9, np.float32))


@case("profile", MALFORMED, "dataset 'mass': no array")
def scalar_dataset(f):
    del f["mass"]
    f["mass"] = np.float32(1)


@case("profile", MALFORMED, "dataset 'mass': no array")
def null_dataset(f):
    del f["mass"]
    f["mass"] = h5py.Empty("f4")


@case("profile", MALFORMED, "shape [0, 3] holds nothing")
def empty_dimension(f):
    del f["mass"]
    f.create_dataset("mass", (0, 3), "f4")


@case("profile", MALFORMED, "has chunks of [2, 2, 1, 2, 3, 3, 3]; they must be [1, 1, 1, 1, 1, 3, 3]")
def other_chunks(f):
    data = f["mass"][()]
    del f["mass"]
    put(f, "mass", data)


@case("profile", MALFORMED, "resizable; its size must be fixed")
def resizable(f):
    put(f, "mass", f["mass"][()], maxshape=(None,) * 7)


@case("profile", MALFORMED, "not chunked (compact, contiguous or virtual)")
def contiguous(f):
    put(f, "mass", f["mass"][()], chunks=False, fletcher32=False)


@case("profile", MALFORMED, "not chunked (compact, contiguous or virtual)")
def compact(f):
    data = f["sigmas"][()]
    del f["sigmas"]
    plist = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
    plist.set_layout(h5py.h5d.COMPACT)
    h5py.h5d.create(f.id, b"sigmas", h5py.h5t.IEEE_F64LE, h5py.h5s.create_simple(data.shape), plist).write(
        h5py.h5s.ALL, h5py.h5s.ALL, data)


@case("profile", MALFORMED, "not chunked (compact, contiguous or virtual)")
def external_storage(f):
    del f["mass"]
    f.create_dataset("mass", (2, 2, 1, 2, 3, 3, 3), "f4", external="/etc/hostname")


@case("profile", MALFORMED, "not chunked (compact, contiguous or virtual)")
def virtual_dataset(f):
    shape = f["mass"].shape
    layout = h5py.VirtualLayout(shape, "f4")
    layout[...] = h5py.VirtualSource("/etc/hostname", "x", shape)
    del f["mass"]
    f.create_virtual_dataset("mass", layout)


@case("profile", MALFORMED, "0 filters; Fletcher32 alone is allowed")
def no_checksum(f):
    put(f, "mass", f["mass"][()], fletcher32=False)


@case("profile", MALFORMED, "2 filters; Fletcher32 alone is allowed")
def two_filters(f):
    put(f, "mass", f["mass"][()], shuffle=True)


@case("profile", MALFORMED, "filter 1; Fletcher32 alone is allowed")
def deflate(f):
    put(f, "mass", f["mass"][()], fletcher32=False, compression="gzip")


@case("profile", MALFORMED, "needs more bytes than the file's")
def huge_dimensions(f):
    del f["mass"]
    f.create_dataset("mass", (1 << 20, 1 << 20, 1 << 20), "f4", chunks=(1, 1024, 1024), fletcher32=True)


@case("profile", MALFORMED, "has too many elements")
def overflowing_dimensions(f):
    del f["mass"]
    f.create_dataset("mass", (1 << 31, 1 << 31), "f4", chunks=(1, 1), fletcher32=True)


@case("profile", MALFORMED, "has 0 bytes instead of 40")
def unallocated_chunks(f):
    shape, chunks = f["mass"].shape, f["mass"].chunks
    del f["mass"]
    f.create_dataset("mass", shape, "f4", chunks=chunks, fletcher32=True)


@case("profile", MALFORMED, "has 8 bytes instead of 40")
def short_chunk(f):
    f["mass"].id.write_direct_chunk((0,) * 7, b"12345678")


@case("profile", MALFORMED, "has 4000 bytes instead of 40")
def long_chunk(f):
    f["mass"].id.write_direct_chunk((0,) * 7, b"x" * 4000)


@case("profile", INTEGRITY, "dataset 'mass' at [0, 0, 0, 0, 0, 0, 0]: data error detected by Fletcher32 checksum")
def wrong_checksum(f):
    f["mass"].id.write_direct_chunk((0,) * 7, bytes(range(40)))


@case("profile", INTEGRITY, "'mass' of slab (phase 0, conditional, expert 0, layer 0) does not match its SHA-256")
def chunk_without_checksum(f):
    f["mass"].id.write_direct_chunk((0,) * 7, b"x" * 40, filter_mask=1)


@case("profile", MALFORMED, "dataset 'mass' has attributes; none are allowed")
def attribute_on_dataset(f):
    f["mass"].attrs["unit"] = np.uint64(1)


# --- attributes ----------------------------------------------------------------------------------------------------


@case("profile", MALFORMED, "attribute 'seed' is missing")
def missing_attribute(f):
    del f.attrs["seed"]


@case("profile", MALFORMED, "unknown attribute 'comment'")
def unknown_attribute(f):
    set_text(f, "comment", "hello")


@case("profile", MALFORMED, "attribute 'seed': allowed are uint64, float64 and text")
def signed_attribute(f):
    f.attrs["seed"] = np.int32(1)


@case("profile", MALFORMED, "attribute 'seed' is no uint64")
def number_for_integer(f):
    f.attrs["seed"] = 1.0


@case("profile", MALFORMED, "attribute 'seed': not a scalar")
def array_attribute(f):
    f.attrs["seed"] = np.array([1, 2], np.uint64)


@case("profile", MALFORMED, "attribute 'sampler': variable-length text")
def variable_attribute(f):
    f.attrs["sampler"] = "euler"


@case("profile", MALFORMED, "attribute 'sampler': text must be UTF-8 padded with NUL")
def latin_attribute(f):
    f.attrs["sampler"] = np.bytes_(b"euler")


@case("profile", MALFORMED, "attribute 'tool_version': text of 60001 bytes; at most 60000 are allowed")
def long_text(f):
    set_text(f, "tool_version", "x" * 60001)


@case("profile", MALFORMED, "79 attributes; at most 64 are allowed")
def many_attributes(f):
    for i in range(52):
        set_integer(f, f"extra{i}", i)


@case("profile", MALFORMED, "attribute 'kind' is missing")
def no_kind(f):
    del f.attrs["kind"]


@case("profile", MALFORMED, "kind 'wean-video'; allowed are wean-profile, wean-shard and wean-plan")
def other_kind(f):
    set_text(f, "kind", "wean-video")


@case("profile", MALFORMED, "container_version 2; this build reads 1 (was the file written by a newer wean?)")
def newer_container(f):
    set_integer(f, "container_version", 2)


@case("profile", MALFORMED, "schema_version 0; this build reads 1")
def older_schema(f):
    set_integer(f, "schema_version", 0)


@case("profile", MALFORMED, "allowed are 64 lower-case hexadecimal digits")
def upper_case_digest(f):
    set_text(f, "model_weights", "AB" * 32)


@case("profile", MALFORMED, "attribute 'model_layers': 0; allowed are 1 to 4096")
def no_layers(f):
    set_integer(f, "model_layers", 0)


@case("profile", MALFORMED, "has shape [2, 2, 1, 2, 3, 3, 3]; it must be [2, 2, 1, 2, 4, 3, 3]")
def more_heads(f):
    set_integer(f, "model_heads", 4)


@case("profile", MALFORMED, "attribute 'grid_width': 1048577; allowed are 1 to 1048576")
def wide_grid(f):
    set_integer(f, "grid_width", (1 << 20) + 1)


@case("profile", MALFORMED, "tokens; at most 2147483647 are allowed")
def huge_grid(f):
    for side in ("frames", "height", "width"):
        set_integer(f, "grid_" + side, 1 << 20)


@case("profile", MALFORMED, "blocks of 16 tokens; at most 16384 are allowed")
def many_blocks(f):
    set_integer(f, "grid_width", 1 << 18)


@case("profile", MALFORMED, "block 24; a power of two from 16 is needed")
def odd_block(f):
    set_integer(f, "block", 24)


@case("profile", MALFORMED, "token_order 'hilbert'; allowed is raster")
def other_order(f):
    set_text(f, "token_order", "hilbert")


@case("profile", MALFORMED, "dtype 'float16'; allowed are float32 and bfloat16")
def other_dtype(f):
    set_text(f, "dtype", "float16")


@case("profile", MALFORMED, "attribute 'shift': nan")
def nan_attribute(f):
    f.attrs["shift"] = float("nan")


@case("profile", MALFORMED, "4 steps with 3 sigmas")
def other_steps(f):
    set_integer(f, "steps", 4)


# --- meta arrays ---------------------------------------------------------------------------------------------------


@case("profile", MALFORMED, "sigmas[1] 1; sigmas must fall within [0, 1]")
def sigmas_that_stand_still(f):
    f["sigmas"][1] = 1.0


@case("profile", MALFORMED, "sigmas[2] nan")
def nan_sigma(f):
    f["sigmas"][2] = np.nan


@case("profile", MALFORMED, "gap between phases 0 and 1")
def gap_between_phases(f):
    f["phase_sigma"][1, 0] = 0.4


@case("profile", MALFORMED, "phase 0 says 2 steps; 1 of the sigmas fall in it")
def phase_bound_elsewhere(f):
    f["phase_sigma"][...] = [[1.0, 0.8], [0.8, 0.0]]


@case("profile", MALFORMED, "2 rows in 'phase_sigma', 3 in 'phase_steps'")
def phases_of_two_lengths(f):
    put(f, "phase_steps", np.array([1, 1, 1], np.uint32))


@case("profile", MALFORMED, "dataset 'phase_sigma' has shape [2, 3]; it must be [n, 2]")
def phases_of_three_columns(f):
    put(f, "phase_sigma", np.zeros((2, 3)))


@case("profile", MALFORMED, "branches must be [0], [1] or [0, 1]")
def unknown_branch(f):
    f["branches"][1] = 2


@case("profile", MALFORMED, "prompt digests 0 and 1 are equal or not ascending")
def equal_prompts(f):
    f["prompts"][1] = f["prompts"][0]


@case("shard", MALFORMED, "2 prompts; a shard has one")
def shard_of_two_prompts(f):
    put(f, "prompts", np.array([[1] * 32, [2] * 32], np.uint8))


# --- values --------------------------------------------------------------------------------------------------------


@case("profile", NOT_FINITE, "'mass' of slab (phase 0, conditional, expert 0, layer 0): nan at head 1, row 2, column 0")
def nan_mass(f):
    change(f, "mass", (0, 0, 0, 0, 1, 2, 0), np.nan)


@case("profile", MALFORMED, "-1 at head 0, row 0, column 1; allowed are finite values from 0")
def negative_mass(f):
    change(f, "mass", (0, 0, 0, 0, 0, 0, 1), -1)


@case("profile", MALFORMED, "head 0, row 1 sums to 16; it must sum to 32")
def rows_that_do_not_sum(f):
    change(f, "mass", (0, 0, 0, 0, 0, 1), [4, 4, 8])


@case("profile", NOT_FINITE, "'mass_square' of slab (phase 0, conditional, expert 0, layer 0): inf")
def infinite_square(f):
    change(f, "mass_square", (0, 0, 0, 0, 0, 0, 0), np.inf)


@case("profile", MALFORMED, "0 at head 2, row 0, column 0; allowed are values in (0, 1]")
def zero_threshold(f):
    change(f, "threshold_row", (0, 0, 0, 0, 2, 0, 0), 0)


@case("profile", MALFORMED, "1.5 at head 2, row 0, column 0; allowed are values in (0, 1]")
def large_threshold(f):
    change(f, "threshold_map", (0, 0, 0, 0, 2, 0, 0), 1.5)


@case("profile", NOT_FINITE, "'removal_error_wide' of slab (phase 0, conditional, expert 0, layer 0): inf at head 0, row 1, column 1")
def infinite_error(f):
    change(f, "removal_error_wide", (0, 0, 0, 0, 0, 1, 1), np.inf)


@case("profile", MALFORMED, "token 42; allowed are 0 to 41")
def token_out_of_range(f):
    change(f, "rows_token", (0, 0, 0, 1, 0), 42)


@case("profile", MALFORMED, "sampled row 0 sums to 0.")
def sampled_row_that_does_not_sum(f):
    change(f, "rows_mass", (0, 0, 0, 0, 0, 0), [0.25, 0.25, 0.25])


@case("profile", NOT_FINITE, "nan in sampled row 1")
def nan_sampled_row(f):
    change(f, "rows_mass", (0, 0, 0, 0, 0, 1, 0), np.nan)


@case("profile", INTEGRITY, "'removal_error' of slab (phase 1, unconditional, expert 0, layer 1) does not match its SHA-256")
def changed_value(f):
    f["removal_error"][1, 1, 0, 1, 0, 0, 0] = 0.125


@case("profile", INTEGRITY, "does not match its SHA-256")
def changed_digest(f):
    f["digest"][1, 0, 0, 0, 3, 5] ^= 1


@case("shard", MALFORMED, "scale -15 of head 1 in slab (phase 0, conditional, expert 0, layer 0); allowed are -14 to 96")
def small_scale(f):
    change(f, "mass_scale", (0, 0, 0, 0, 1), -15, SHARD_ORDER)


@case("shard", MALFORMED, "scale 97 of head 0")
def large_scale(f):
    change(f, "removal_error_scale", (0, 0, 0, 0, 0), 97, SHARD_ORDER)


@case("shard", MALFORMED, "sums to")
def wrong_mass_code(f):
    change(f, "mass", (0, 0, 0, 0, 0, 0, 0), 0xFFFF, SHARD_ORDER)


@case("shard", INTEGRITY, "does not match its SHA-256")
def changed_code(f):
    f["mass"][0, 0, 0, 0, 0, 0, 0] ^= 1


# --- plans ---------------------------------------------------------------------------------------------------------


@case("plan", MALFORMED, "stands where (phase 0, conditional, expert 0, layer 1, head 0) must stand; rows are sorted and complete")
def plan_unsorted(f):
    for name in f:
        if name.startswith("row_"):
            f[name][[3, 4]] = f[name][()][[4, 3]]


@case("plan", MALFORMED, "dataset 'row_branch' has 23 rows; it must have 24")
def plan_row_missing_in_one_column(f):
    put(f, "row_branch", f["row_branch"][:-1])


@case("plan", MALFORMED, "has 23 rows; it must have 24")
def plan_row_missing(f):
    for name in list(f):
        if name.startswith("row_"):
            put(f, name, f[name][:-1])


@case("plan", MALFORMED, "row 5: (phase 0, conditional, expert 0, layer 1, head 1) stands where")
def plan_row_twice(f):
    f["row_head"][5] = 1


@case("plan", MALFORMED, "head 7) stands where")
def plan_head_out_of_range(f):
    f["row_head"][0] = 7


@case("plan", MALFORMED, "row 1: keep nan; allowed are values in (0, 1]")
def plan_nan_keep(f):
    f["row_keep"][1] = np.nan


@case("plan", MALFORMED, "row 0: keep 0.5 of a dense site; it must be 1")
def plan_dense_half(f):
    f["row_keep"][0] = 0.5


@case("plan", MALFORMED, "row 2: rule 2; allowed are 0 (dense) and 1 (ranked)")
def plan_unknown_rule(f):
    f["row_rule"][2] = 2


@case("plan", MALFORMED, "row 2: score 5; allowed are 0 to 4")
def plan_unknown_score(f):
    f["row_score"][2] = 5


@case("plan", MALFORMED, "row 2: scope 9; allowed are 0 (row) and 1 (map)")
def plan_unknown_scope(f):
    f["row_scope"][2] = 9


@case("plan", MALFORMED, "global_density 0.25; its rows give")
def plan_other_density(f):
    f.attrs["global_density"] = 0.25


@case("plan", MALFORMED, "phases hold 6 steps; the schedule has 5")
def plan_other_steps(f):
    f["phase_steps"][0] = 3


@case("plan", MALFORMED, "phase 1 begins at sigma 0.7; the one before ends at 0.75")
def plan_phase_gap(f):
    f["phase_sigma"][1, 0] = 0.7


@case("plan", MALFORMED, "attribute 'keep_diagonal': 2; allowed are 0 to 1")
def plan_diagonal_two(f):
    set_integer(f, "keep_diagonal", 2)


@case("plan", MALFORMED, "rows are allowed")
def plan_of_a_huge_model(f):
    for name, value in (("experts", 16), ("layers", 4096), ("heads", 1024)):
        set_integer(f, "model_" + name, value)


@case("plan", MALFORMED, "unknown dataset 'row_note'")
def plan_unknown_column(f):
    put(f, "row_note", np.zeros(24, np.uint8))


# -------------------------------------------------------------------------------------------------------------------


def make(folder, good, name, kind, mutate):
    path = folder / f"{kind}-{name}.h5"
    shutil.copy(good[kind], path)
    if name.startswith("raw_"):
        mutate(path)
    else:
        with h5py.File(path, "r+", libver=("v110", "v110")) as file:
            mutate(file)
    return path


def main():
    tool, folder = sys.argv[1], pathlib.Path(sys.argv[2])
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    good = {kind: folder / f"good-{kind}.h5" for kind in ("profile", "shard", "plan")}
    for kind, path in good.items():
        subprocess.run([tool, "known", kind, path], check=True)
    paths = [make(folder, good, name, kind, mutate) for name, kind, _, _, mutate in CASES]
    said = subprocess.run([tool, "check", *good.values(), *paths], check=True, capture_output=True, text=True)
    lines = said.stdout.splitlines()
    assert len(lines) == 3 + len(CASES), said.stdout
    wrong = [f"good file refused: {line}" for line in lines[:3] if not line.startswith("ok ")]
    for (name, _, code, message, _), line in zip(CASES, lines[3:]):
        if not line.startswith(f"{code} ") or message not in line:
            wrong.append(f"{name}: expected {code} '{message}'\n    got {line}")
    print("\n".join(wrong) if wrong else f"{len(CASES)} broken files refused as they must be")
    sys.exit(bool(wrong))


if __name__ == "__main__":
    main()
