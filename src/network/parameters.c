#include "rheobase/network/parameters.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "rheobase/base/memory.h"

static rb_status grow(rb_context *ctx, rb_parameters *parameters) {
  if (parameters->tensors < parameters->capacity) return RB_OK;
  const int capacity = parameters->capacity == 0 ? 64 : 2 * parameters->capacity;
  rb_tensor *tensor = NULL;
  if (RB_ALLOCATE(ctx, tensor, capacity) != RB_OK) return RB_ERR_MEMORY;
  if (parameters->tensors > 0) {
    memcpy(tensor, parameters->tensor, (size_t)parameters->tensors * sizeof *tensor);
  }
  free(parameters->tensor);
  parameters->tensor = tensor;
  parameters->capacity = capacity;
  return RB_OK;
}

rb_status rb_parameters_add(rb_context *ctx, rb_parameters *parameters, const char *name, int rank,
                            const int64_t *shape, int *index) {
  if (rank < 1 || rank > RB_TENSOR_MAX_RANK || strlen(name) >= RB_TENSOR_NAME_SIZE ||
      parameters->value != NULL || rb_parameters_find(parameters, name) >= 0) {
    return RB_FAIL(ctx, RB_ERR_INTERNAL, "tensor %s (rank %d) cannot be added", name, rank);
  }
  const rb_status status = grow(ctx, parameters);
  if (status != RB_OK) return status;
  rb_tensor *tensor = &parameters->tensor[parameters->tensors];
  (void)snprintf(tensor->name, sizeof tensor->name, "%s", name);
  tensor->rank = rank;
  tensor->offset = parameters->count;
  tensor->count = 1;
  for (int i = 0; i < rank; ++i) {
    tensor->shape[i] = shape[i];
    if (shape[i] < 1 || __builtin_mul_overflow(tensor->count, shape[i], &tensor->count)) {
      return RB_FAIL(ctx, RB_ERR_INTERNAL, "tensor %s: dimension %d is %" PRId64, name, i,
                     shape[i]);
    }
  }
  if (__builtin_add_overflow(parameters->count, tensor->count, &parameters->count)) {
    return RB_FAIL(ctx, RB_ERR_MEMORY, "tensor %s: too many weights", name);
  }
  *index = parameters->tensors++;
  return RB_OK;
}

rb_status rb_parameters_allocate(rb_context *ctx, rb_parameters *parameters) {
  return RB_ALLOCATE(ctx, parameters->value, parameters->count);
}

void rb_parameters_free(rb_parameters *parameters) {
  free(parameters->tensor);
  free(parameters->value);
  memset(parameters, 0, sizeof *parameters);
}

rb_real *rb_parameters_at(const rb_parameters *parameters, int index) {
  return parameters->value + parameters->tensor[index].offset;
}

int rb_parameters_find(const rb_parameters *parameters, const char *name) {
  for (int i = 0; i < parameters->tensors; ++i) {
    if (strcmp(parameters->tensor[i].name, name) == 0) return i;
  }
  return -1;
}
