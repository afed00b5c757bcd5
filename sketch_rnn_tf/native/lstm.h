/* An LSTM over time, and its backpropagation through time, on one core.

       i, j, f, o = x kernel + h recurrent_kernel + condition
       c' = sigmoid(f + 1) c + sigmoid(i) tanh(j) mask
       h' = tanh(c') sigmoid(o)

   All arrays are dense, time first. */

#ifndef SKETCH_RNN_TF_LSTM_H_
#define SKETCH_RNN_TF_LSTM_H_

#include "memory.h"
#include "product.h"
#include "vector.h"

/* Rows of which the kernel's gradient is summed at once. */
#define SUMMED_ROWS 256

typedef struct {
  long num_steps, batch_size, input_size, size;
  const float *inputs;    /* [T, B, X] */
  const float *packed;    /* the kernels, backward their transpose */
  const float *condition; /* [B, 4 n], added to the products; forward only */
  const uint16_t *bits;   /* [T, bit_rows, n]; null masks nothing */
  long bit_rows, first;   /* of which B are read, from the first on */
  int32_t threshold;      /* a candidate is kept if its bits reach it */
  float scale;            /* of a kept candidate */
} Problem;

/* Both kernels as one matrix, or its transpose, for `pack`. */
typedef struct {
  long input_size, size;
  const float *kernel;    /* [X, 4 n] */
  const float *recurrent; /* [n, 4 n] */
  long skipped;           /* first rows to be left out */
  int transposed;
} Kernels;

static long depth_of(const Kernels *k) {
  return k->transposed ? 4 * k->size : k->input_size + k->size - k->skipped;
}

static long columns_of(const Kernels *k) {
  return k->transposed ? k->input_size + k->size - k->skipped : 4 * k->size;
}

/* Distances of rows that are not multiples of a cache's: else the rows of a
   tile would all fall on the same few lines.  Panels fit into them. */
static long spaced(long width) { return padded(width) + LINE; }

/* Packs the kernels.  Returns whether there was memory for it. */
static int pack_kernels(const Kernels *k, float *packed) {
  long x = k->input_size, rows = x + k->size, columns = 4 * k->size;
  /* One more: of no bytes malloc may return null, too. */
  const float **lines = malloc((rows + 1) * sizeof *lines);
  if (!lines) return 0;
  for (long i = 0; i < rows; i++) {
    lines[i] = i < x ? k->kernel + i * columns
                     : k->recurrent + (i - x) * columns;
  }
  pack(lines + k->skipped, k->transposed, depth_of(k), columns_of(k), packed);
  free(lines);
  return 1;
}

/* The bits of a row; null if nothing is masked. */
static inline const uint16_t *bits_of(const Problem *p, long t, long b) {
  long row = t * p->bit_rows + p->first + b;
  return p->bits ? p->bits + row * p->size : 0;
}

/* Masks a row's units from u on. */
static inline Floats masked(const Problem *p, Floats values,
                            const uint16_t *bits, long u, long count) {
  if (!bits) return values;
  Halves of_units = {0};
  if (count == LANES) {
    of_units = *(const Halves *)(bits + u);
  } else {
    memcpy(&of_units, bits + u, count * sizeof *bits);
  }
  Integers kept = __builtin_convertvector(of_units, Integers) >= p->threshold;
  return values * (Floats)(kept & (Integers)every(p->scale));
}

/* A row of a step. */
typedef struct {
  const float *products, *c;
  const uint16_t *bits;
  float *gates, *new_c, *new_h;
} Row;

/* Computes `count` of its units, from u on. */
static inline void step_units(const Problem *p, Row row, long u, long count) {
  long n = p->size;
  const float *products = row.products + u;
  float *gates = row.gates + u;
  for (int gate = 0; gate < 4; gate++) {
    __builtin_prefetch(gates + (4 + gate) * n, 1); /* the next row's */
  }
  __builtin_prefetch(row.new_c + u + n, 1);
  __builtin_prefetch(row.new_h + u + n, 1);
  Floats i = sigmoid_of(load_some(products, count));
  Floats j = tanh_of(load_some(products + n, count));
  Floats f = sigmoid_of(load_some(products + 2 * n, count) + 1.0f);
  Floats o = sigmoid_of(load_some(products + 3 * n, count));
  store_some(gates, i, count);
  store_some(gates + n, j, count);
  store_some(gates + 2 * n, f, count);
  store_some(gates + 3 * n, o, count);
  Floats candidate = masked(p, j, row.bits, u, count);
  Floats cell = f * load_some(row.c + u, count) + i * candidate;
  store_some(row.new_c + u, cell, count);
  store_some(row.new_h + u, tanh_of(cell) * o, count);
}

/* Computes c and h [T + 1, B, n], whose first step is given, and the gates
   [T, B, 4 n].  Returns whether there was memory for it. */
static int run_forward(const Problem *p, float *c, float *h, float *gates) {
  long n = p->size, x = p->input_size, rows = p->batch_size;
  long depth = x + n, row = spaced(depth), apart = spaced(4 * n);
  if (!make_room(rows * (row + 2 * apart), 3)) return 0;
  float *operand = take(rows * row);
  float *condition = take(rows * apart);
  /* In the cache at each step; the gates are not. */
  float *products = take(rows * apart);
  memset(condition, 0, rows * apart * sizeof *condition);
  for (long b = 0; b < rows; b++) {
    memcpy(condition + b * apart, p->condition + b * 4 * n,
           4 * n * sizeof *condition);
  }
  for (long t = 0; t < p->num_steps; t++) {
    for (long b = 0; b < rows; b++) {
      float *to = operand + b * row;
      memcpy(to, p->inputs + (t * rows + b) * x, x * sizeof *to);
      memcpy(to + x, h + (t * rows + b) * n, n * sizeof *to);
    }
    multiply(rows, 4 * n, depth, operand, row, p->packed, condition, apart,
             products, apart);
    for (long b = 0; b < rows; b++) {
      long from = (t * rows + b) * n, to = from + rows * n, u = 0;
      Row of_step = {products + b * apart, c + from, bits_of(p, t, b),
                     gates + 4 * from, c + to, h + to};
      for (; u + LANES <= n; u += LANES) step_units(p, of_step, u, LANES);
      if (u < n) step_units(p, of_step, u, n - u);
    }
  }
  give_back();
  return 1;
}

typedef struct {
  const float *c, *h, *gates; /* what `run_forward` computed */
  const float *outputs;       /* gradient of h, [T + 1, B, n] */
} Given;

typedef struct {
  float *inputs;    /* [T, B, X]; null if it is not wanted */
  float *kernels;   /* of both, [X + n, 4 n] */
  float *condition; /* [B, 4 n] */
  float *c, *h;     /* of the first step, [B, n] */
} Gradients;

/* A row of a step, backward: what was computed, and the gradients of the
   outputs, of what comes after, and of the products. */
typedef struct {
  const float *gates, *c, *new_c, *d_outputs, *d_h;
  const uint16_t *bits;
  float *d_c, *d_gates, *sums;
} RowBack;

/* Computes the gradients of `count` of its units, from u on. */
static inline void step_units_back(const Problem *p, RowBack row, long u,
                                   long count) {
  long n = p->size;
  const float *gates = row.gates + u;
  /* The next row's: a row is too short for the processor to foresee it. */
  for (int gate = 0; gate < 4; gate++) {
    __builtin_prefetch(gates + (4 + gate) * n);
  }
  __builtin_prefetch(row.c + u + n);
  __builtin_prefetch(row.new_c + u + n);
  __builtin_prefetch(row.d_outputs + u + n);
  Floats i = load_some(gates, count);
  Floats j = load_some(gates + n, count);
  Floats f = load_some(gates + 2 * n, count);
  Floats o = load_some(gates + 3 * n, count);
  Floats c = load_some(row.c + u, count);
  Floats tanh_c = tanh_of(load_some(row.new_c + u, count));
  Floats h =
      load_some(row.d_h + u, count) + load_some(row.d_outputs + u, count);
  Floats cell =
      load_some(row.d_c + u, count) + h * o * (1.0f - tanh_c * tanh_c);
  Floats candidate = masked(p, cell, row.bits, u, count);
  Floats gradients[] = {
      candidate * j * (i * (1.0f - i)),
      candidate * i * (1.0f - j * j),
      cell * c * (f * (1.0f - f)),
      h * tanh_c * (o * (1.0f - o)),
  };
  UNROLLED for (int gate = 0; gate < 4; gate++) {
    store_some(row.d_gates + gate * n + u, gradients[gate], count);
    float *sum = row.sums + gate * n + u;
    store_some(sum, load_some(sum, count) + gradients[gate], count);
  }
  store_some(row.d_c + u, cell * f, count);
}

/* The kernels' gradient: sums of outer products of what they multiplied and
   the products' gradients, of some steps at once. */
typedef struct {
  long inner, columns, most; /* most rows at once */
  long rows, row;            /* that are summed next, and are there */
  float *operands, *d_products, *sums;
} KernelGradient;

/* Adds a step's rows: x and h before it, and the gradient of its products. */
static void add_step(KernelGradient *g, const Problem *p, long t,
                     const float *h, const float *d_products, long apart,
                     float *operand) {
  long n = p->size, x = p->input_size, rows = p->batch_size;
  if (!g->row) g->rows = smaller(g->most, (t + 1) * rows);
  for (long b = 0; b < rows; b++) {
    memcpy(operand, p->inputs + (t * rows + b) * x, x * sizeof *operand);
    memcpy(operand + x, h + (t * rows + b) * n, n * sizeof *operand);
    pack_row(operand, g->inner, g->rows, g->row + b, g->operands);
  }
  pack_rows(d_products, apart, g->columns, g->rows, g->row, rows,
            g->d_products);
  g->row += rows;
  if (g->row == g->rows) {
    add_outer_products(g->rows, g->inner, g->columns, g->operands,
                       g->d_products, g->sums);
    g->row = 0;
  }
}

/* Computes the gradients.  Returns whether there was memory for it. */
static int run_backward(const Problem *p, const Given *given,
                        const Gradients *d) {
  long n = p->size, x = p->input_size, rows = p->batch_size;
  long steps = p->num_steps, depth = x + n, apart = spaced(4 * n);
  /* Of the operands' gradient, the part of the inputs only where wanted. */
  long skipped = d->inputs ? 0 : x, width = depth - skipped;
  long row = spaced(width), h_from = x - skipped;
  /* Of whole steps, and of one at least. */
  long most = smaller(steps * rows, SUMMED_ROWS);
  most = rows > most ? rows : rows ? most / rows * rows : 0;
  long room = rows * (apart + row) + depth + most * depth +
              (most + depth) * padded(4 * n);
  if (!make_room(room, 6)) return 0;
  float *d_gates = take(rows * apart);
  float *d_operand = take(rows * row);
  float *operand = take(depth);
  KernelGradient kernels = {
      .inner = depth,
      .columns = 4 * n,
      .most = most,
      .operands = take(most * depth),
      .d_products = take(most * padded(4 * n)),
      .sums = take(depth * padded(4 * n)),
  };
  memset(kernels.sums, 0, depth * padded(4 * n) * sizeof(float));
  memset(d->condition, 0, rows * 4 * n * sizeof(float));
  memset(d->c, 0, rows * n * sizeof(float));
  memset(d_operand, 0, rows * row * sizeof(float));
  for (long t = steps - 1; t >= 0; t--) {
    for (long b = 0; b < rows; b++) {
      long from = (t * rows + b) * n, after = from + rows * n, u = 0;
      RowBack of_step = {
          given->gates + 4 * from, given->c + from, given->c + after,
          given->outputs + after, d_operand + b * row + h_from,
          bits_of(p, t, b), d->c + b * n, d_gates + b * apart,
          d->condition + b * 4 * n};
      for (; u + LANES <= n; u += LANES) step_units_back(p, of_step, u, LANES);
      if (u < n) step_units_back(p, of_step, u, n - u);
    }
    add_step(&kernels, p, t, given->h, d_gates, apart, operand);
    multiply(rows, width, 4 * n, d_gates, apart, p->packed, 0, 0, d_operand,
             row);
    for (long b = 0; d->inputs && b < rows; b++) {
      memcpy(d->inputs + (t * rows + b) * x, d_operand + b * row,
             x * sizeof(float));
    }
  }
  unpack_outer_products(kernels.sums, depth, 4 * n, d->kernels);
  for (long b = 0; b < rows; b++) {
    for (long u = 0; u < n; u++) {
      d->h[b * n + u] =
          d_operand[b * row + h_from + u] + given->outputs[b * n + u];
    }
  }
  give_back();
  return 1;
}

#endif
