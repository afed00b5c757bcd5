/* Vectors of as many floats as the processor's registers hold. */

#ifndef SKETCH_RNN_TF_VECTOR_H_
#define SKETCH_RNN_TF_VECTOR_H_

#include <stdint.h>
#include <string.h>

#if defined(__SSE__)
#include <immintrin.h>
#endif

/* Of a product's tile, MOST_ROWS x 2 vectors are summed in registers. */
#if defined(__AVX512F__)
#define LANES 16
#define MOST_ROWS 14
#elif defined(__AVX__)
#define LANES 8
#define MOST_ROWS 6
#elif defined(__aarch64__)
#define LANES 4
#define MOST_ROWS 14
#else
#define LANES 4
#define MOST_ROWS 6
#endif

#define VECTOR(size) __attribute__((vector_size(size), aligned(1), may_alias))

typedef float Floats VECTOR(4 * LANES);
typedef int32_t Integers VECTOR(4 * LANES);
typedef uint16_t Halves VECTOR(2 * LANES);

static inline Floats every(float value) { return value - (Floats){0}; }

static inline Floats load(const float *from) { return *(const Floats *)from; }

static inline void store(float *to, Floats values) { *(Floats *)to = values; }

/* Loads the first `count` of a vector; the others are 0. */
static inline Floats load_some(const float *from, long count) {
  if (count == LANES) return load(from);
  Floats values = {0};
  memcpy(&values, from, count * sizeof(float));
  return values;
}

static inline void store_some(float *to, Floats values, long count) {
  if (count == LANES) {
    store(to, values);
  } else {
    memcpy(to, &values, count * sizeof(float));
  }
}

/* sum + a b.  The instruction is given: GCC else chooses between those that
   overwrite the sum, a or b, and then has to move registers. */
static inline Floats add_product(Floats sum, Floats a, Floats b) {
#if defined(__FMA__)
  __asm__("vfmadd231ps %2, %1, %0" : "+v"(sum) : "v"(a), "v"(b));
  return sum;
#else
  return sum + a * b;
#endif
}

static inline Floats choose(Integers condition, Floats yes, Floats no) {
  return (Floats)((condition & (Integers)yes) | (~condition & (Integers)no));
}

/* Where x is divided into x = k log 2 + r, |r| <= log(2) / 2. */
typedef struct {
  Floats power; /* 2^k */
  Floats rest;  /* exp(r) - 1, by its Taylor polynomial */
} Exponential;

static inline Exponential exponential(Floats x) {
  const float rounder = 12582912.0f; /* 1.5 * 2^23: adding it rounds */
  Floats shifted = x * 1.44269504f + rounder;
  Floats k = shifted - rounder;
  /* log 2 in two parts, the first short enough to be multiplied exactly. */
  Floats r = (x - k * 0.693359375f) - k * -2.12194440e-4f;
  /* In pairs of terms, which do not wait for each other. */
  Floats square = r * r;
  Floats low = r * (1.0f / 6.0f) + 0.5f;
  Floats middle = r * (1.0f / 120.0f) + 1.0f / 24.0f;
  Floats high = r * (1.0f / 5040.0f) + 1.0f / 720.0f;
  Floats p = ((high * square + middle) * square + low) * square + r;
  Integers bits = ((Integers)shifted << 23) + (127 << 23);
  return (Exponential){(Floats)bits, p};
}

/* The nearest to x that is between -most and most; NaN stays. */
static inline Floats within(Floats x, float most) {
#if defined(__AVX512F__)
  return _mm512_max_ps(every(-most), _mm512_min_ps(every(most), x));
#elif defined(__AVX__)
  return _mm256_max_ps(every(-most), _mm256_min_ps(every(most), x));
#elif defined(__SSE__)
  return _mm_max_ps(every(-most), _mm_min_ps(every(most), x));
#else
  x = choose(x > every(most), every(most), x);
  return choose(x < every(-most), every(-most), x);
#endif
}

/* exp(x) / (exp(x) + 1). */
static inline Floats sigmoid_of(Floats x) {
  Exponential e = exponential(within(x, 80.0f)); /* whose exp is finite */
  Floats exp_x = e.power * e.rest + e.power;
  return exp_x / (exp_x + 1.0f);
}

/* e / (e + 2), e = exp(2 x) - 1, in which nothing cancels near 0. */
static inline Floats tanh_of(Floats x) {
  x = within(x, 9.02f); /* where it is 1 */
  Exponential e = exponential(x + x);
  Floats exp_minus_1 = e.power * e.rest + (e.power - 1.0f);
  return exp_minus_1 / (exp_minus_1 + 2.0f);
}

#endif
