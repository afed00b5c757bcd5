/* The LSTM of lstm.h as operations of TensorFlow, through its C interface,
   which does not change with TensorFlow's versions.

   The kernels are packed in an operation of their own, once for all parts of a
   batch: two copies are more than the cache that the cores share may keep. */

#include <stdio.h>

#include "lstm.h"
#include "tensorflow/c/kernels.h"

/* ops.h uses these names as C++ would find them. */
typedef struct TF_OpDefinitionBuilder TF_OpDefinitionBuilder;
typedef struct TF_ShapeInferenceContext TF_ShapeInferenceContext;
typedef struct TF_ShapeHandle TF_ShapeHandle;
typedef struct TF_DimensionHandle TF_DimensionHandle;

#include "tensorflow/c/ops.h"

/* Attributes, of which an operation has some. */
typedef struct {
  int64_t first_row, threshold;
  float scale;
  unsigned char input_gradient, transposed;
} Attributes;

/* What a call has taken, to be given back at its end. */
typedef struct {
  TF_OpKernelContext *context;
  TF_Status *status;
  TF_Tensor *tensors[13]; /* of up to 8 inputs and 5 outputs */
  int count;
} Call;

static int good(const Call *call) { return TF_GetCode(call->status) == TF_OK; }

static void refuse(Call *call, const char *name, int rank) {
  char message[160];
  snprintf(message, sizeof message,
           "LSTM: expected %s of %d dimensions, in agreement with the other "
           "inputs",
           name, rank);
  TF_SetStatus(call->status, TF_INVALID_ARGUMENT, message);
}

/* Returns an input's data.  Sizes of -1 are set to what it has. */
static const void *input(Call *call, int index, const char *name, int rank,
                         long *sizes[]) {
  if (!good(call)) return 0;
  TF_Tensor *tensor = 0;
  TF_GetInput(call->context, index, &tensor, call->status);
  if (!good(call)) return 0;
  call->tensors[call->count++] = tensor;
  if (TF_NumDims(tensor) != rank) {
    refuse(call, name, rank);
    return 0;
  }
  for (int axis = 0; axis < rank; axis++) {
    long size = TF_Dim(tensor, axis);
    if (*sizes[axis] == -1) *sizes[axis] = size;
    if (*sizes[axis] != size) {
      refuse(call, name, rank);
      return 0;
    }
  }
  return TF_TensorData(tensor);
}

static float *output(Call *call, int index, int rank, const int64_t *sizes) {
  if (!good(call)) return 0;
  size_t bytes = sizeof(float);
  for (int axis = 0; axis < rank; axis++) bytes *= sizes[axis];
  TF_Tensor *tensor = TF_AllocateOutput(call->context, index, TF_FLOAT, sizes,
                                        rank, bytes, call->status);
  if (!tensor) return 0;
  call->tensors[call->count++] = tensor;
  return TF_TensorData(tensor);
}

static void finish(Call *call, int enough) {
  if (good(call) && !enough) {
    TF_SetStatus(call->status, TF_RESOURCE_EXHAUSTED, "LSTM: out of memory");
  }
  if (!good(call)) TF_OpKernelContext_Failure(call->context, call->status);
  while (call->count) TF_DeleteTensor(call->tensors[--call->count]);
  TF_DeleteStatus(call->status);
}

/* Of the operands' gradient, the part of the inputs only where wanted. */
static long skipped_of(const Attributes *attributes, int transposed,
                       long inputs) {
  return transposed && !attributes->input_gradient ? inputs : 0;
}

static void pack_both(void *attributes, TF_OpKernelContext *context) {
  const Attributes *of = attributes;
  Call call = {.context = context, .status = TF_NewStatus()};
  long inputs = -1, size = -1, gates = -1;
  Kernels k = {.transposed = of->transposed};
  k.kernel = input(&call, 0, "kernel", 2, (long *[]){&inputs, &gates});
  k.recurrent =
      input(&call, 1, "recurrent_kernel", 2, (long *[]){&size, &gates});
  if (good(&call) && gates != 4 * size) refuse(&call, "recurrent_kernel", 2);
  k.input_size = inputs;
  k.size = size;
  k.skipped = skipped_of(of, of->transposed, inputs);
  float *packed = output(
      &call, 0, 3,
      (int64_t[]){divided_up(columns_of(&k), WIDTH), depth_of(&k), WIDTH});
  finish(&call, !good(&call) || pack_kernels(&k, packed));
}

/* Sizes that more than one input has. */
typedef struct {
  long steps, next_steps, rows, inputs, size, gates;
  long bit_steps, bit_rows, bit_size;
} Sizes;

/* Reads the inputs that both directions have, but for the packed kernels. */
static Problem problem(Call *call, const Attributes *attributes, Sizes *s) {
  *s = (Sizes){-1, -1, -1, -1, -1, -1, -1, -1, -1};
  Problem p = {0};
  p.inputs = input(call, 0, "inputs", 3,
                   (long *[]){&s->steps, &s->rows, &s->inputs});
  s->next_steps = s->steps + 1;
  p.bits = input(call, 2, "bits", 3,
                 (long *[]){&s->bit_steps, &s->bit_rows, &s->bit_size});
  if (!s->bit_rows) p.bits = 0;
  p.bit_rows = s->bit_rows;
  p.first = attributes->first_row;
  p.num_steps = s->steps;
  p.batch_size = s->rows;
  p.input_size = s->inputs;
  p.threshold = attributes->threshold;
  p.scale = attributes->scale;
  return p;
}

/* Reads the packed kernels, and checks what depends on all inputs' sizes. */
static void complete(Problem *p, Call *call, const Attributes *attributes,
                     const Sizes *s, int transposed) {
  int enough = s->bit_steps == s->steps && s->bit_size == s->size &&
               attributes->first_row >= 0 &&
               attributes->first_row + s->rows <= s->bit_rows;
  if (good(call) && s->bit_rows && !enough) refuse(call, "bits", 3);
  if (good(call) && s->gates != 4 * s->size) {
    refuse(call, transposed ? "gates" : "condition", transposed ? 3 : 2);
  }
  Kernels k = {.input_size = s->inputs,
               .size = s->size,
               .transposed = transposed,
               .skipped = skipped_of(attributes, transposed, s->inputs)};
  long panels = divided_up(columns_of(&k), WIDTH), depth = depth_of(&k);
  long width = WIDTH;
  p->packed = input(call, 1, "packed", 3, (long *[]){&panels, &depth, &width});
  p->size = s->size;
}

static void forward(void *attributes, TF_OpKernelContext *context) {
  Call call = {.context = context, .status = TF_NewStatus()};
  Sizes s;
  Problem p = problem(&call, attributes, &s);
  p.condition =
      input(&call, 3, "condition", 2, (long *[]){&s.rows, &s.gates});
  const float *c0 = input(&call, 4, "c", 2, (long *[]){&s.rows, &s.size});
  const float *h0 = input(&call, 5, "h", 2, (long *[]){&s.rows, &s.size});
  complete(&p, &call, attributes, &s, 0);
  float *c = output(&call, 0, 3, (int64_t[]){s.next_steps, s.rows, s.size});
  float *h = output(&call, 1, 3, (int64_t[]){s.next_steps, s.rows, s.size});
  float *gates = output(&call, 2, 3, (int64_t[]){s.steps, s.rows, s.gates});
  int enough = 1;
  if (good(&call)) {
    memcpy(c, c0, s.rows * s.size * sizeof *c);
    memcpy(h, h0, s.rows * s.size * sizeof *h);
    enough = run_forward(&p, c, h, gates);
  }
  finish(&call, enough);
}

static void backward(void *attributes, TF_OpKernelContext *context) {
  Call call = {.context = context, .status = TF_NewStatus()};
  int with_inputs = ((Attributes *)attributes)->input_gradient;
  Sizes s;
  Problem p = problem(&call, attributes, &s);
  long *states[] = {&s.next_steps, &s.rows, &s.size};
  long *gates[] = {&s.steps, &s.rows, &s.gates};
  Given given = {0};
  given.c = input(&call, 3, "c", 3, states);
  given.h = input(&call, 4, "h", 3, states);
  given.gates = input(&call, 5, "gates", 3, gates);
  given.outputs = input(&call, 6, "d_outputs", 3, states);
  complete(&p, &call, attributes, &s, 1);
  Gradients d = {0};
  float *d_inputs = output(
      &call, 0, 3,
      with_inputs ? (int64_t[]){s.steps, s.rows, s.inputs}
                  : (int64_t[]){0, 0, 0});
  d.inputs = with_inputs ? d_inputs : 0;
  d.kernels = output(&call, 1, 2, (int64_t[]){s.inputs + s.size, s.gates});
  d.condition = output(&call, 2, 2, (int64_t[]){s.rows, s.gates});
  d.c = output(&call, 3, 2, (int64_t[]){s.rows, s.size});
  d.h = output(&call, 4, 2, (int64_t[]){s.rows, s.size});
  finish(&call, !good(&call) || run_backward(&p, &given, &d));
}

static void *construct(TF_OpKernelConstruction *construction) {
  Attributes *of = calloc(1, sizeof *of);
  TF_Status *status = TF_NewStatus();
#define READ(type, name)                                                   \
  if (TF_GetCode(status) == TF_OK &&                                       \
      TF_OpKernelConstruction_HasAttr(construction, #name, status)) {      \
    TF_OpKernelConstruction_GetAttr##type(construction, #name, &of->name,  \
                                          status);                         \
  }
  READ(Int64, first_row)
  READ(Int64, threshold)
  READ(Float, scale)
  READ(Bool, input_gradient)
  READ(Bool, transposed)
#undef READ
  if (TF_GetCode(status) != TF_OK) {
    TF_OpKernelConstruction_Failure(construction, status);
  }
  TF_DeleteStatus(status);
  return of;
}

static void unknown_shapes(TF_ShapeInferenceContext *context,
                           TF_Status *status) {
  TF_ShapeInferenceContextSetUnknownShape(context, status);
}

typedef const char *const Names[];

static void add(const char *name, Names inputs, Names outputs, Names attributes,
                void (*compute)(void *, TF_OpKernelContext *)) {
  TF_Status *status = TF_NewStatus();
  TF_OpDefinitionBuilder *definition = TF_NewOpDefinitionBuilder(name);
  for (; *inputs; inputs++) TF_OpDefinitionBuilderAddInput(definition, *inputs);
  for (; *outputs; outputs++) {
    TF_OpDefinitionBuilderAddOutput(definition, *outputs);
  }
  for (; *attributes; attributes++) {
    TF_OpDefinitionBuilderAddAttr(definition, *attributes);
  }
  TF_OpDefinitionBuilderSetShapeInferenceFunction(definition, unknown_shapes);
  TF_RegisterOpDefinition(definition, status);
  if (TF_GetCode(status) == TF_OK) {
    TF_KernelBuilder *kernel =
        TF_NewKernelBuilder(name, "CPU", construct, compute, free);
    TF_RegisterKernelBuilder(name, kernel, status);
  }
  if (TF_GetCode(status) != TF_OK) {
    fprintf(stderr, "%s: %s\n", name, TF_Message(status));
  }
  TF_DeleteStatus(status);
}

__attribute__((constructor)) static void add_all(void) {
  add("SketchRnnLstmPack",
      (Names){"kernel: float", "recurrent_kernel: float", 0},
      (Names){"packed: float", 0},
      (Names){"transposed: bool", "input_gradient: bool", 0}, pack_both);
  add("SketchRnnLstmForward",
      (Names){"inputs: float", "packed: float", "bits: uint16",
              "condition: float", "c: float", "h: float", 0},
      (Names){"all_c: float", "all_h: float", "gates: float", 0},
      (Names){"first_row: int", "threshold: int", "scale: float", 0}, forward);
  add("SketchRnnLstmBackward",
      (Names){"inputs: float", "packed: float", "bits: uint16", "c: float",
              "h: float", "gates: float", "d_outputs: float", 0},
      (Names){"d_inputs: float", "d_kernels: float", "d_condition: float",
              "d_c: float", "d_h: float", 0},
      (Names){"first_row: int", "threshold: int", "scale: float",
              "input_gradient: bool", 0},
      backward);
}
