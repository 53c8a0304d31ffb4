#include "rheobase/parallel/gram.h"

#include <cblas.h>
#include <inttypes.h>
#include <limits.h>
#include <stdlib.h>

#include "rheobase/base/clock.h"
#include "rheobase/base/memory.h"
#include "rheobase/parallel/agree.h"

/* Local columns that one product updates below their diagonal blocks: wide enough for full speed,
 * narrow enough that little is left to the narrow products at the diagonal. */
enum { PANEL = 4 * RB_BLOCK };

/* Of every row of X, the columns of one row (or column) of the grid. */
typedef struct piece {
  double *send;     // (places, rows, columns of the place), what goes to each place; NULL if there
                    // is one place, which gets X as it is
  double *receive;  // (rows of all ranks, own columns), row-major
  int *send_count, *send_start, *receive_count, *receive_start;  // (ranks)
  int places, own;  // own: columns of this rank's place
} piece;

struct rb_gram {
  rb_matrix matrix;
  int64_t max_rows;
  int *rows;  // (ranks), of the addition at hand
  piece left, right;
  double product_s;
};

static void free_piece(piece *p) {
  free(p->send);
  free(p->receive);
  free(p->send_count);
  free(p->send_start);
  free(p->receive_count);
  free(p->receive_start);
}

static rb_status create_piece(rb_context *ctx, int places, int place, int n, int64_t max_rows,
                              piece *p) {
  rb_status status = RB_OK;
  p->places = places;
  p->own = rb_matrix_share(n, place, places);
  if (max_rows * ctx->size * p->own > INT_MAX || max_rows * n > INT_MAX) {
    RB_TRY(RB_FAIL(ctx, RB_ERR_SETTING, "pieces of %" PRId64 " rows x %d columns are too large",
                   max_rows, n));
  }
  if (places > 1) RB_TRY(RB_ALLOCATE(ctx, p->send, max_rows * n));
  RB_TRY(RB_ALLOCATE(ctx, p->receive, max_rows * ctx->size * p->own));
  RB_TRY(RB_ALLOCATE(ctx, p->send_count, ctx->size));
  RB_TRY(RB_ALLOCATE(ctx, p->send_start, ctx->size));
  RB_TRY(RB_ALLOCATE(ctx, p->receive_count, ctx->size));
  RB_TRY(RB_ALLOCATE(ctx, p->receive_start, ctx->size));
cleanup:
  return status;
}

rb_status rb_gram_create(rb_context *ctx, const rb_grid *grid, int64_t columns, int64_t max_rows,
                         rb_gram **result) {
  rb_status status = RB_OK;
  rb_gram *gram = NULL;
  RB_TRY(rb_agree(ctx, RB_ALLOCATE(ctx, gram, 1)));
  RB_TRY(rb_matrix_create(ctx, grid, columns, columns, &gram->matrix));
  gram->max_rows = max_rows;
  const int n = gram->matrix.rows;
  status = RB_ALLOCATE(ctx, gram->rows, ctx->size);
  if (status == RB_OK) {
    status = create_piece(ctx, grid->rows, grid->row, n, max_rows, &gram->left);
  }
  if (status == RB_OK) {
    status = create_piece(ctx, grid->columns, grid->column, n, max_rows, &gram->right);
  }
  RB_TRY(rb_agree(ctx, status));
  *result = gram;
  gram = NULL;
cleanup:
  rb_gram_destroy(gram);
  return status;
}

void rb_gram_destroy(rb_gram *gram) {
  if (gram == NULL) return;
  rb_matrix_destroy(&gram->matrix);
  free(gram->rows);
  free_piece(&gram->left);
  free_piece(&gram->right);
  free(gram);
}

rb_matrix *rb_gram_matrix(rb_gram *gram) { return &gram->matrix; }

double rb_gram_product_seconds(const rb_gram *gram) { return gram->product_s; }

double rb_gram_bytes(const rb_context *ctx, int64_t columns, int64_t max_rows) {
  // The first rank of the grid has the largest share.
  int grid_rows = 1, grid_columns = 1;
  rb_grid_shape(ctx->size, &grid_rows, &grid_columns);
  const double left = rb_matrix_share((int)columns, 0, grid_rows);
  const double right = rb_matrix_share((int)columns, 0, grid_columns);
  const double received = (double)max_rows * ctx->size * (left + right);
  return sizeof(double) * (left * right + received + 2 * (double)max_rows * (double)columns);
}

/* Sorts the columns of X by the place they belong to. */
static void pack(const piece *p, int n, int rows, const double *x) {
  double *into = p->send;
  for (int place = 0; place < p->places; ++place) {
    for (int r = 0; r < rows; ++r) {
      for (int first = place * RB_BLOCK; first < n; first += p->places * RB_BLOCK) {
        const int last = first + RB_BLOCK < n ? first + RB_BLOCK : n;
        const double *row = x + (int64_t)r * n;
        for (int j = first; j < last; ++j) *into++ = row[j];
      }
    }
  }
}

/* Sends to every rank the columns of its place; @p by_row: places are rows of the grid. */
static void exchange(rb_context *ctx, const rb_grid *grid, piece *p, bool by_row, int n,
                     const int *rows, const double *x) {
  if (p->places > 1) pack(p, n, rows[ctx->rank], x);
  const double *send = p->places > 1 ? p->send : x;
  int start = 0;
  for (int rank = 0; rank < ctx->size; ++rank) {
    const int place = by_row ? rank / grid->columns : rank % grid->columns;
    int before = 0;  // columns of the places before it
    for (int q = 0; q < place; ++q) before += rb_matrix_share(n, q, p->places);
    p->send_count[rank] = rows[ctx->rank] * rb_matrix_share(n, place, p->places);
    p->send_start[rank] = rows[ctx->rank] * before;
    p->receive_count[rank] = rows[rank] * p->own;
    p->receive_start[rank] = start;
    start += p->receive_count[rank];
  }
  const rb_time_part outer = rb_clock_enter(ctx, RB_TIME_REDUCE);
  MPI_Alltoallv(send, p->send_count, p->send_start, MPI_DOUBLE, p->receive, p->receive_count,
                p->receive_start, MPI_DOUBLE, ctx->comm);
  rb_clock_leave(ctx, outer);
}

/* Adds left^T right to local rows first_row .. last_row-1 and columns first_column ..
 * last_column-1. */
static void add_product(rb_gram *gram, int total, int first_row, int last_row, int first_column,
                        int last_column) {
  if (last_row <= first_row || last_column <= first_column || total == 0) return;
  const rb_matrix *m = &gram->matrix;
  cblas_dgemm(CblasColMajor, CblasNoTrans, CblasTrans, last_row - first_row,
              last_column - first_column, total, 1.0, gram->left.receive + first_row,
              gram->left.own, gram->right.receive + first_column, gram->right.own, 1.0,
              m->value + first_row + (int64_t)first_column * m->leading, m->leading);
}

/* First local row at or below the diagonal of the block that begins with this local column. */
static int first_row_below(const rb_matrix *m, int local_column) {
  return rb_matrix_share(rb_matrix_column(m, local_column), m->grid->row, m->grid->rows);
}

/* Blocks on and below the diagonal: panels of columns from their last block's end down, and the
 * triangle above it block by block. */
static void update_lower(rb_gram *gram, int total) {
  const rb_matrix *m = &gram->matrix;
  for (int panel = 0; panel < m->local_columns; panel += PANEL) {
    const int end = panel + PANEL < m->local_columns ? panel + PANEL : m->local_columns;
    const int last_block = (end - 1) / RB_BLOCK * RB_BLOCK;
    const int below = first_row_below(m, last_block);
    add_product(gram, total, below, m->local_rows, panel, end);
    for (int block = panel; block < last_block; block += RB_BLOCK) {
      add_product(gram, total, first_row_below(m, block), below, block, block + RB_BLOCK);
    }
  }
}

rb_status rb_gram_add(rb_context *ctx, rb_gram *gram, int64_t rows, const double *x) {
  if (rows < 0 || rows > gram->max_rows) {
    return RB_FAIL(ctx, RB_ERR_INTERNAL,
                   "%" PRId64 " rows are added where at most %" PRId64 " are expected", rows,
                   gram->max_rows);
  }
  const int mine = (int)rows, n = gram->matrix.rows;
  const rb_time_part outer = rb_clock_enter(ctx, RB_TIME_REDUCE);
  MPI_Allgather(&mine, 1, MPI_INT, gram->rows, 1, MPI_INT, ctx->comm);
  rb_clock_leave(ctx, outer);
  int total = 0;
  for (int rank = 0; rank < ctx->size; ++rank) total += gram->rows[rank];
  exchange(ctx, gram->matrix.grid, &gram->left, true, n, gram->rows, x);
  exchange(ctx, gram->matrix.grid, &gram->right, false, n, gram->rows, x);
  const double began = MPI_Wtime();
  update_lower(gram, total);
  gram->product_s += MPI_Wtime() - began;
  return RB_OK;
}
