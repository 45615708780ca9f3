/* wean.h: the C interface of libwean, the runtime that opens a mask file and runs block-sparse attention with it.
 *
 * Conventions
 *  1. Every function that can fail returns wean_status; results go through pointers, last, untouched on failure.
 *  2. wean_last_error() is the text of the last failure on the calling thread, valid until its next wean call.
 *  3. Handles are opaque; free them with the matching wean_*_close. NULL is accepted there and does nothing.
 *  4. Structs begin with struct_size and are filled by wean_*_init. Any size from that of version 1.0 is taken: what an
 *     older caller lacks has its default; bytes this library does not know must be zero in parameters and are zeroed in
 *     results. A NULL argument is WEAN_ERROR_USAGE unless said otherwise.
 *  5. Pointers inside parameter structs are borrowed for the call.
 *  6. The library never prints, exits, aborts or installs signal handlers. No C++ exception crosses this interface.
 *  7. A wean_masks handle is immutable: any number of threads may use it at once.
 */
#ifndef WEAN_WEAN_H
#define WEAN_WEAN_H

#include <stddef.h>
#include <stdint.h>

#if defined(_WIN32)
#define WEAN_API __declspec(dllimport)
#else
#define WEAN_API __attribute__((visibility("default")))
#endif

#ifdef __cplusplus
extern "C" {
#endif

/** Values equal the tools' exit codes, but for lack of host memory (70 here, 6 there); every other value than WEAN_OK
 * is a failure. */
typedef enum wean_status {
  WEAN_OK = 0,
  WEAN_ERROR_USAGE = 2,
  WEAN_ERROR_MALFORMED = 3,
  WEAN_ERROR_INTEGRITY = 4,
  WEAN_ERROR_FINGERPRINT = 5,
  WEAN_ERROR_IO = 6,
  WEAN_ERROR_NO_GPU = 9,
  WEAN_ERROR_GPU_MEMORY = 10,
  WEAN_ERROR_INTERNAL = 70 /**< a bug in wean, out of host memory, or failed work on the GPU; the text says which */
} wean_status;

/** An opened, verified mask file. */
typedef struct wean_masks wean_masks;

/** 0x00010001 for version 1.1 of this interface (1.1 added the GPU); the major half changes when old callers would
 * break. */
WEAN_API uint32_t wean_abi_version(void);
/** "0.1.0". Static storage. */
WEAN_API const char* wean_version(void);
/** Text of the last failure on this thread; "" when there was none. */
WEAN_API const char* wean_last_error(void);

/** How to open. */
typedef struct wean_open_params {
  uint32_t struct_size;
  uint32_t verify; /**< 0 = full (default): every byte is proven; 1 = table: a phase is proven on its first use, once,
                            while other users of it wait; wean_masks_verify chooses the moment */
  uint32_t map;    /**< 0 = private copy (default); 1 = memory map: the file must not change (if it shrinks: SIGBUS) */
  uint32_t reserved;
} wean_open_params;
WEAN_API void wean_open_params_init(wean_open_params* params);

/** Opens and verifies `path`. `params` may be NULL for defaults. On success *masks is owned by the caller. */
WEAN_API wean_status wean_masks_open(const char* path, const wean_open_params* params, wean_masks** masks);
WEAN_API void wean_masks_close(wean_masks* masks);

/** Facts of a mask file. */
typedef struct wean_masks_facts {
  uint32_t struct_size;
  uint32_t phases, branches, experts, layers, heads, head_dim;
  uint32_t grid_frames, grid_height, grid_width; /**< token grid */
  uint32_t q_block, k_block;                     /**< tokens in a query block and a key block */
  uint32_t reserved;
  uint64_t q_tokens, k_tokens;
  double global_density; /**< g on the schedule of the plan */
  uint8_t model_weights[32], model_config[32], model_quick[32], recipe[32];
} wean_masks_facts;
WEAN_API void wean_masks_facts_init(wean_masks_facts* facts);
WEAN_API wean_status wean_masks_facts_get(const wean_masks* masks, wean_masks_facts* facts);

/** One phase: sigma in (low, high], steps of the plan's schedule in it, density over its sites and branches. */
WEAN_API wean_status wean_masks_phase(const wean_masks* masks, uint32_t phase, double* sigma_high, double* sigma_low,
                                      uint32_t* steps, double* density);
/** The phase that holds `sigma`; sigma outside [0, 1] or NaN is WEAN_ERROR_USAGE. */
WEAN_API wean_status wean_masks_phase_of_sigma(const wean_masks* masks, double sigma, uint32_t* phase);

/** Proves the masks of `phases` phases from `first_phase` on (0 = all from there), on all processors. Opening with
 * verify = 0 has done it; with verify = 1 this takes the wait out of the first use of a phase. */
WEAN_API wean_status wean_masks_verify(const wean_masks* masks, uint32_t first_phase, uint32_t phases);

/** Which masks a call uses. */
typedef struct wean_site {
  uint32_t phase, branch, expert, layer; /**< branch: 0 conditional, 1 unconditional */
} wean_site;

/** Bits of one head: *words points to [rows][words_per_row] uint32 owned by `masks`, NULL when the head is dense. */
WEAN_API wean_status wean_masks_bits(const wean_masks* masks, const wean_site* site, uint32_t head,
                                     const uint32_t** words, uint32_t* rows, uint32_t* words_per_row);

typedef enum wean_dtype { WEAN_FLOAT32 = 0, WEAN_BFLOAT16 = 1, WEAN_FLOAT16 = 2 } wean_dtype;

/** q, k, v, o: [batch, tokens, heads, head_dim] by element strides, last dimension contiguous, in the memory of the
 * device that runs. The sizes are those of the caller's tensors and must equal the file's. */
typedef struct wean_attention_params {
  uint32_t struct_size;
  wean_dtype dtype;
  uint64_t tokens;
  uint32_t heads, head_dim;
  const void* q;
  const void* k;
  const void* v;
  void* o;
  float* log_sum_exp; /**< [batch, heads, tokens] or NULL */
  int64_t batch;
  int64_t q_stride_batch, q_stride_token, q_stride_head;
  int64_t k_stride_batch, k_stride_token, k_stride_head;
  int64_t v_stride_batch, v_stride_token, v_stride_head;
  int64_t o_stride_batch, o_stride_token, o_stride_head;
  float scale; /**< 0 = 1 / sqrt(head_dim) */
  uint32_t reserved;
} wean_attention_params;
WEAN_API void wean_attention_params_init(wean_attention_params* params);

/** Block-sparse attention of all heads of `site` on the CPU, float32 or bfloat16. Tensors of other sizes than the
 * file's are WEAN_ERROR_USAGE naming both; head_dim is at most 256. A query whose row keeps nothing gives 0, and -inf
 * in log_sum_exp. Runs on OpenMP threads; the bits are equal for any number of them. */
WEAN_API wean_status wean_attention_cpu(const wean_masks* masks, const wean_site* site,
                                        const wean_attention_params* params);

/* ---- GPU. Streams are cudaStream_t passed as void*, NULL = the default stream. A build without CUDA has these
 * functions too; those that need a GPU return WEAN_ERROR_NO_GPU there. ---- */

/** 1 when this build has CUDA kernels, else 0; says nothing of the machine. */
WEAN_API uint32_t wean_has_cuda(void);

/** Masks of one or more phases on a GPU, planned, ready to run. Immutable: any number of threads may use it at once. */
typedef struct wean_device_masks wean_device_masks;

/** Which phases go to which GPU. */
typedef struct wean_upload_params {
  uint32_t struct_size;
  uint32_t first_phase; /**< default 0 */
  uint32_t phases;      /**< 0 (default) = all from first_phase on */
  int32_t device;       /**< CUDA device number; -1 (default) = the current one of the calling thread */
} wean_upload_params;
WEAN_API void wean_upload_params_init(wean_upload_params* params);

/** Bytes of GPU memory that wean_device_masks_open takes with these parameters (NULL = defaults). Sites with equal
 * masks share them. Asks no GPU. */
WEAN_API wean_status wean_device_masks_bytes(const wean_masks* masks, const wean_upload_params* params,
                                             uint64_t* bytes);

/** Copies masks to the GPU and plans them; returns when they are ready. Works on a stream of its own: what other
 * streams run goes on, so another thread may fetch the next phase meanwhile. `masks` may be closed afterwards. Files
 * whose blocks are not 128x128 or 128x64, or whose head_dim is not 64 or 128, are WEAN_ERROR_USAGE naming what is
 * needed. */
WEAN_API wean_status wean_device_masks_open(const wean_masks* masks, const wean_upload_params* params,
                                            wean_device_masks** device_masks);
/** Waits until the GPU is idle, then frees; not while any thread captures a CUDA graph. Graphs that were captured with
 * the masks must not be launched afterwards. */
WEAN_API void wean_device_masks_close(wean_device_masks* device_masks);
/** Frees once the work that `stream` holds now has ended, without waiting: the way to drop a phase during sampling.
 * Work on other streams that uses the masks must have ended, and no graph with them may be launched afterwards. The
 * handle is gone. */
WEAN_API void wean_device_masks_release(wean_device_masks* device_masks, void* stream);

/** Bytes of workspace that wean_attention_cuda and wean_attention_cuda_indexed take for such tensors. The pointers in
 * `params` are not read. */
WEAN_API wean_status wean_attention_cuda_bytes(const wean_device_masks* device_masks,
                                               const wean_attention_params* params, uint64_t* bytes);

/** Block-sparse attention of all heads of `site` on the GPU that holds `device_masks`, bfloat16 or float16. The
 * pointers of `params` are memory of that GPU, 16-byte aligned, strides are multiples of 8, those of a head or batch of
 * q, k and v also 0 (shared); all are borrowed until the stream has passed the call. `workspace` (GPU, 256-byte
 * aligned) must be zero before its first call and may then be used for any number of calls, one after the other.
 * Enqueues on `stream` and returns: allocates nothing, never waits, may be captured in a CUDA graph. Repeated calls
 * give equal bits. A query whose row keeps nothing gives 0, and -inf in log_sum_exp. */
WEAN_API wean_status wean_attention_cuda(const wean_device_masks* device_masks, const wean_site* site,
                                         const wean_attention_params* params, void* workspace, uint64_t workspace_bytes,
                                         void* stream);

/** A site whose numbers lie on the GPU and are read when the work runs: one captured graph serves every phase, both
 * branches and all layers. */
typedef struct wean_device_site {
  uint32_t struct_size;
  uint32_t expert;
  const int64_t* phase;  /**< GPU, one number */
  const int64_t* branch; /**< GPU, one number */
  const int64_t* layer;  /**< GPU, one number */
} wean_device_site;
WEAN_API void wean_device_site_init(wean_device_site* site);

/** The same for a site on the GPU; `workspace` may hold anything. Numbers that the uploaded masks do not have give an
 * output of zeros, and WEAN_ERROR_USAGE, naming them, from one call that follows once the GPU has met them; that call
 * does nothing else, and those after it run. */
WEAN_API wean_status wean_attention_cuda_indexed(const wean_device_masks* device_masks, const wean_device_site* site,
                                                 const wean_attention_params* params, void* workspace,
                                                 uint64_t workspace_bytes, void* stream);

#ifdef __cplusplus
}
#endif
#endif /* WEAN_WEAN_H */
