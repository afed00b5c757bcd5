/* An LSTM over time, and its backpropagation through time, on one core.

       i, j, f, o = x kernel + h recurrent_kernel + condition
       c' = sigmoid(f + 1) c + sigmoid(i) tanh(j) mask
       h' = tanh(c') sigmoid(o)

   All arrays are dense, time first. */

#ifndef SKETCH_RNN_TF_LSTM_H_
#define SKETCH_RNN_TF_LSTM_H_

#include <stdlib.h>

#include "product.h"

/* Rows of which the kernel's gradient is summed at once. */
#define SUMMED_ROWS 256

typedef struct {
  long num_steps, batch_size, input_size, size;
  const float *inputs;    /* [T, B, X] */
  const float *kernel;    /* [X, 4 n] */
  const float *recurrent; /* [n, 4 n] */
  const float *condition; /* [B, 4 n], added to the products */
  const uint16_t *bits;   /* [T, B, n]; null masks nothing */
  int32_t threshold;      /* a candidate is kept if its bits reach it */
  float scale;            /* of a kept candidate */
} Problem;

/* Distances of rows that are not multiples of a cache's: else the rows of a
   tile would all fall on the same few lines. */
static long spaced(long width) { return divided_up(width, 16) * 16 + 16; }

static float *allocate(long count) { return malloc(count * sizeof(float)); }

/* Returns the rows of both kernels, the first of them left out. */
static const float **rows_of_kernels(const Problem *p, long skipped) {
  long count = p->input_size + p->size - skipped;
  const float **rows = malloc(count * sizeof *rows);
  for (long k = 0; rows && k < count; k++) {
    long of_recurrent = k + skipped - p->input_size;
    rows[k] = of_recurrent < 0 ? p->kernel + (k + skipped) * 4 * p->size
                               : p->recurrent + of_recurrent * 4 * p->size;
  }
  return rows;
}

static inline Floats masked(const Problem *p, Floats values, long position,
                            long count) {
  if (!p->bits) return values;
  Halves bits = {0};
  if (count == LANES) {
    bits = *(const Halves *)(p->bits + position);
  } else {
    memcpy(&bits, p->bits + position, count * sizeof *p->bits);
  }
  Integers kept = __builtin_convertvector(bits, Integers) >= p->threshold;
  return values * (Floats)(kept & (Integers)every(p->scale));
}

static inline void step_units(const Problem *p, long position, long count,
                              const float *products, float *gates,
                              const float *c, float *new_c, float *new_h) {
  long n = p->size;
  for (int gate = 0; gate < 4; gate++) {
    __builtin_prefetch(gates + (4 + gate) * n, 1); /* the next row's */
  }
  __builtin_prefetch(new_c + n, 1);
  __builtin_prefetch(new_h + n, 1);
  Floats i = sigmoid_of(load_some(products, count));
  Floats j = tanh_of(load_some(products + n, count));
  Floats f = sigmoid_of(load_some(products + 2 * n, count) + 1.0f);
  Floats o = sigmoid_of(load_some(products + 3 * n, count));
  store_some(gates, i, count);
  store_some(gates + n, j, count);
  store_some(gates + 2 * n, f, count);
  store_some(gates + 3 * n, o, count);
  Floats candidate = masked(p, j, position, count);
  Floats cell = f * load_some(c, count) + i * candidate;
  store_some(new_c, cell, count);
  store_some(new_h, tanh_of(cell) * o, count);
}

/* Computes c and h [T + 1, B, n], whose first step is given, and the gates
   [T, B, 4 n].  Returns whether there was memory for it. */
static int run_forward(const Problem *p, float *c, float *h, float *gates) {
  long n = p->size, x = p->input_size, rows = p->batch_size;
  long depth = x + n, row = spaced(depth);
  float *packed = allocate(packed_size(depth, 4 * n));
  float *operand = allocate(rows * row);
  /* In the cache at each step; the gates are not. */
  float *products = allocate(rows * 4 * n);
  const float **kernel = rows_of_kernels(p, 0);
  int enough = packed && operand && products && kernel;
  if (enough) pack(kernel, 0, depth, 4 * n, packed);
  for (long t = 0; enough && t < p->num_steps; t++) {
    for (long b = 0; b < rows; b++) {
      float *to = operand + b * row;
      memcpy(to, p->inputs + (t * rows + b) * x, x * sizeof *to);
      memcpy(to + x, h + (t * rows + b) * n, n * sizeof *to);
    }
    multiply(rows, 4 * n, depth, operand, row, packed, p->condition, 4 * n,
             products, 4 * n);
    for (long b = 0; b < rows; b++) {
      long from = (t * rows + b) * n, to = from + rows * n;
      const float *of_row = products + b * 4 * n;
      long u = 0;
      for (; u + LANES <= n; u += LANES) {
        step_units(p, from + u, LANES, of_row + u, gates + 4 * from + u,
                   c + from + u, c + to + u, h + to + u);
      }
      if (u < n) {
        step_units(p, from + u, n - u, of_row + u, gates + 4 * from + u,
                   c + from + u, c + to + u, h + to + u);
      }
    }
  }
  free(packed);
  free(operand);
  free(products);
  free(kernel);
  return enough;
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

static inline void step_units_back(const Problem *p, long position, long count,
                                   const Given *given, const float *d_h,
                                   float *d_c, float *d_gates, float *sums) {
  long n = p->size, rows = p->batch_size;
  const float *gates = given->gates + (position / n) * 4 * n + position % n;
  /* The next row's: a row is too short for the processor to foresee it. */
  for (int gate = 0; gate < 4; gate++) {
    __builtin_prefetch(gates + (4 + gate) * n);
  }
  __builtin_prefetch(given->c + position + n);
  __builtin_prefetch(given->c + position + (rows + 1) * n);
  __builtin_prefetch(given->outputs + position + (rows + 1) * n);
  Floats i = load_some(gates, count);
  Floats j = load_some(gates + n, count);
  Floats f = load_some(gates + 2 * n, count);
  Floats o = load_some(gates + 3 * n, count);
  Floats c = load_some(given->c + position, count);
  Floats tanh_c = tanh_of(load_some(given->c + position + rows * n, count));
  Floats h = load_some(d_h, count) +
             load_some(given->outputs + position + rows * n, count);
  Floats cell = load_some(d_c, count) + h * o * (1.0f - tanh_c * tanh_c);
  Floats candidate = masked(p, cell, position, count);
  Floats gradients[] = {
      candidate * j * (i * (1.0f - i)),
      candidate * i * (1.0f - j * j),
      cell * c * (f * (1.0f - f)),
      h * tanh_c * (o * (1.0f - o)),
  };
  for (int gate = 0; gate < 4; gate++) {
    store_some(d_gates + gate * n, gradients[gate], count);
    float *sum = sums + gate * n;
    store_some(sum, load_some(sum, count) + gradients[gate], count);
  }
  store_some(d_c, cell * f, count);
}

/* Computes the gradients.  Returns whether there was memory for it. */
static int run_backward(const Problem *p, const Given *given,
                        const Gradients *d) {
  long n = p->size, x = p->input_size, rows = p->batch_size;
  long steps = p->num_steps, depth = x + n, row = spaced(4 * n);
  /* Of the operands' gradient, the part of the inputs only where wanted. */
  long skipped = d->inputs ? 0 : x, width = depth - skipped;
  long d_row = spaced(width), h_from = d->inputs ? x : 0;
  long most = smaller(steps, rows < SUMMED_ROWS ? SUMMED_ROWS / rows : 1);
  float *packed = allocate(packed_size(4 * n, width));
  float *d_gates = allocate(rows * row);
  float *d_operand = allocate(rows * d_row);
  float *operand = allocate(depth);
  float *operands = allocate(most * rows * depth);
  float *d_products = allocate(packed_size(most * rows, 4 * n));
  const float **kernel = rows_of_kernels(p, skipped);
  int enough = packed && d_gates && d_operand && operand && operands &&
               d_products && kernel;
  if (enough) {
    pack(kernel, 1, 4 * n, width, packed);
    memset(d->kernels, 0, depth * 4 * n * sizeof(float));
    memset(d->condition, 0, rows * 4 * n * sizeof(float));
    memset(d->c, 0, rows * n * sizeof(float));
    memset(d_operand, 0, rows * d_row * sizeof(float));
  }
  long slot = 0, summed = 0;
  for (long t = steps - 1; enough && t >= 0; t--) {
    if (!slot) summed = smaller(most, t + 1) * rows;
    for (long b = 0; b < rows; b++) {
      long from = (t * rows + b) * n;
      float *d_h = d_operand + b * d_row + h_from, *d_c = d->c + b * n;
      float *to = d_gates + b * row, *sums = d->condition + b * 4 * n;
      long u = 0;
      for (; u + LANES <= n; u += LANES) {
        step_units_back(p, from + u, LANES, given, d_h + u, d_c + u, to + u,
                        sums + u);
      }
      if (u < n) {
        step_units_back(p, from + u, n - u, given, d_h + u, d_c + u, to + u,
                        sums + u);
      }
      memcpy(operand, p->inputs + (t * rows + b) * x, x * sizeof *operand);
      memcpy(operand + x, given->h + from, n * sizeof *operand);
      pack_row(operand, depth, summed, slot * rows + b, operands);
    }
    pack_rows(d_gates, row, 4 * n, summed, slot * rows, rows, d_products);
    multiply(rows, width, 4 * n, d_gates, row, packed, 0, 0, d_operand, d_row);
    for (long b = 0; d->inputs && b < rows; b++) {
      memcpy(d->inputs + (t * rows + b) * x, d_operand + b * d_row,
             x * sizeof(float));
    }
    if (++slot * rows == summed) {
      add_outer_products(summed, depth, 4 * n, operands, d_products,
                         d->kernels);
      slot = 0;
    }
  }
  for (long b = 0; enough && b < rows; b++) {
    for (long u = 0; u < n; u++) {
      d->h[b * n + u] =
          d_operand[b * d_row + h_from + u] + given->outputs[b * n + u];
    }
  }
  free(packed);
  free(d_gates);
  free(d_operand);
  free(operand);
  free(operands);
  free(d_products);
  free(kernel);
  return enough;
}

#endif
