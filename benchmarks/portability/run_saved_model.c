/* Asks a SavedModel through TensorFlow's C API, in a process without Python.
 *
 *     run_saved_model DIRECTORY REQUEST ANSWER
 *
 * REQUEST holds, all numbers little-endian:
 *     "SRT1", uint32 count, then as many tensors, to feed;
 *     uint32 count, then as many names, to fetch.
 * A tensor is a name, uint32 type (TF_DataType), uint32 rank, int64 sizes,
 * uint64 bytes and the bytes.  A name is uint32 bytes and the bytes, of the
 * form OPERATION:INDEX.  ANSWER has "SRT1" and the fetched tensors likewise.
 *
 * Ends with status 1 and one line on standard error if anything is amiss.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tensorflow/c/c_api.h"

/* Far more than any request: what a broken file may make us allocate. */
enum { MAX_COUNT = 64, MAX_NAME = 1024, MAX_RANK = 8 };
static const uint64_t MAX_BYTES = (uint64_t)1 << 30;
static const char MAGIC[4] = {'S', 'R', 'T', '1'};

typedef struct {
  uint32_t count;
  char *names[MAX_COUNT];
  TF_Tensor *tensors[MAX_COUNT];
} Tensors;

static int fail(const char *what, const char *which) {
  fprintf(stderr, "run_saved_model: %s: %s\n", what, which);
  return 0;
}

static int take(FILE *file, void *into, size_t bytes) {
  return fread(into, 1, bytes, file) == bytes ||
         fail("request", "cut short");
}

static int give(FILE *file, const void *from, size_t bytes) {
  return fwrite(from, 1, bytes, file) == bytes ||
         fail("answer", "could not be written");
}

static int take_count(FILE *file, uint32_t *count) {
  if (!take(file, count, sizeof *count)) return 0;
  return *count <= MAX_COUNT || fail("request", "too many tensors");
}

static int take_name(FILE *file, char **name) {
  uint32_t length;
  if (!take(file, &length, sizeof length)) return 0;
  if (length == 0 || length > MAX_NAME)
    return fail("request", "a name of a wrong length");
  *name = calloc(length + 1, 1);
  if (*name == NULL) return fail("request", "out of memory");
  return take(file, *name, length);
}

static int take_tensor(FILE *file, char **name, TF_Tensor **tensor) {
  uint32_t type, rank;
  int64_t sizes[MAX_RANK];
  uint64_t bytes, elements = 1;
  if (!take_name(file, name) || !take(file, &type, sizeof type) ||
      !take(file, &rank, sizeof rank))
    return 0;
  if (type != TF_FLOAT && type != TF_INT32)
    return fail(*name, "expected float32 or int32");
  if (rank > MAX_RANK) return fail(*name, "too many dimensions");
  if (!take(file, sizes, rank * sizeof *sizes) ||
      !take(file, &bytes, sizeof bytes))
    return 0;
  for (uint32_t i = 0; i < rank; i++) {
    if (sizes[i] < 0 || (uint64_t)sizes[i] > MAX_BYTES)
      return fail(*name, "a wrong size");
    elements *= (uint64_t)sizes[i];
    if (elements > MAX_BYTES) return fail(*name, "too large");
  }
  if (bytes != elements * TF_DataTypeSize((TF_DataType)type))
    return fail(*name, "sizes and bytes do not agree");
  *tensor = TF_AllocateTensor((TF_DataType)type, sizes, (int)rank, bytes);
  if (*tensor == NULL) return fail(*name, "out of memory");
  return take(file, TF_TensorData(*tensor), bytes);
}

static int take_request(const char *path, Tensors *fed, Tensors *fetched) {
  char magic[sizeof MAGIC];
  int good = 0;
  FILE *file = fopen(path, "rb");
  if (file == NULL) return fail(path, "cannot be read");
  if (!take(file, magic, sizeof magic)) goto done;
  if (memcmp(magic, MAGIC, sizeof magic) != 0) {
    fail(path, "not a request");
    goto done;
  }
  if (!take_count(file, &fed->count)) goto done;
  for (uint32_t i = 0; i < fed->count; i++)
    if (!take_tensor(file, &fed->names[i], &fed->tensors[i])) goto done;
  if (!take_count(file, &fetched->count)) goto done;
  for (uint32_t i = 0; i < fetched->count; i++)
    if (!take_name(file, &fetched->names[i])) goto done;
  good = 1;
done:
  fclose(file);
  return good;
}

static int find(TF_Graph *graph, const char *name, TF_Output *found) {
  char operation[MAX_NAME + 1];
  char *end;
  const char *colon = strrchr(name, ':');
  if (colon == NULL || colon == name || colon[1] == '\0')
    return fail(name, "expected OPERATION:INDEX");
  memcpy(operation, name, (size_t)(colon - name));
  operation[colon - name] = '\0';
  found->oper = TF_GraphOperationByName(graph, operation);
  if (found->oper == NULL) return fail(name, "not in the graph");
  found->index = (int)strtol(colon + 1, &end, 10);
  if (*end != '\0' || found->index < 0 ||
      found->index >= TF_OperationNumOutputs(found->oper))
    return fail(name, "no such output");
  return 1;
}

static int give_answer(const char *path, const Tensors *fetched) {
  int good = 0;
  FILE *file = fopen(path, "wb");
  if (file == NULL) return fail(path, "cannot be written");
  if (!give(file, MAGIC, sizeof MAGIC) ||
      !give(file, &fetched->count, sizeof fetched->count))
    goto done;
  for (uint32_t i = 0; i < fetched->count; i++) {
    const TF_Tensor *tensor = fetched->tensors[i];
    uint32_t length = (uint32_t)strlen(fetched->names[i]);
    uint32_t type = (uint32_t)TF_TensorType(tensor);
    uint32_t rank = (uint32_t)TF_NumDims(tensor);
    uint64_t bytes = TF_TensorByteSize(tensor);
    if (!give(file, &length, sizeof length) ||
        !give(file, fetched->names[i], length) ||
        !give(file, &type, sizeof type) || !give(file, &rank, sizeof rank))
      goto done;
    for (uint32_t axis = 0; axis < rank; axis++) {
      int64_t size = TF_Dim(tensor, (int)axis);
      if (!give(file, &size, sizeof size)) goto done;
    }
    if (!give(file, &bytes, sizeof bytes) ||
        !give(file, TF_TensorData(tensor), bytes))
      goto done;
  }
  good = 1;
done:
  if (fclose(file) != 0 && good) good = fail(path, "could not be written");
  return good;
}

static int ask(const char *directory, const char *answer, Tensors *fed,
               Tensors *fetched) {
  const char *tags[] = {"serve"};
  TF_Output feeds[MAX_COUNT], fetches[MAX_COUNT];
  int good = 0;
  TF_Status *status = TF_NewStatus();
  TF_Graph *graph = TF_NewGraph();
  TF_SessionOptions *options = TF_NewSessionOptions();
  TF_Session *session = TF_LoadSessionFromSavedModel(
      options, NULL, directory, tags, 1, graph, NULL, status);
  if (TF_GetCode(status) != TF_OK) {
    fail(directory, TF_Message(status));
    goto done;
  }
  for (uint32_t i = 0; i < fed->count; i++)
    if (!find(graph, fed->names[i], &feeds[i])) goto done;
  for (uint32_t i = 0; i < fetched->count; i++)
    if (!find(graph, fetched->names[i], &fetches[i])) goto done;
  TF_SessionRun(session, NULL, feeds, fed->tensors, (int)fed->count, fetches,
                fetched->tensors, (int)fetched->count, NULL, 0, NULL, status);
  if (TF_GetCode(status) != TF_OK) {
    fail(directory, TF_Message(status));
    goto done;
  }
  good = give_answer(answer, fetched);
done:
  if (session != NULL) {
    TF_CloseSession(session, status);
    TF_DeleteSession(session, status);
  }
  TF_DeleteSessionOptions(options);
  TF_DeleteGraph(graph);
  TF_DeleteStatus(status);
  return good;
}

static void release(Tensors *tensors) {
  for (uint32_t i = 0; i < MAX_COUNT; i++) {
    free(tensors->names[i]);
    if (tensors->tensors[i] != NULL) TF_DeleteTensor(tensors->tensors[i]);
  }
}

int main(int argc, char **argv) {
  Tensors fed = {0}, fetched = {0};
  int good;
  if (argc != 4) {
    fail("expected", "DIRECTORY REQUEST ANSWER");
    return 1;
  }
  good = take_request(argv[2], &fed, &fetched) &&
         ask(argv[1], argv[3], &fed, &fetched);
  release(&fed);
  release(&fetched);
  return good ? 0 : 1;
}
