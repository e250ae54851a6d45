/* Walks the positions of an ft_strides row by row: a row is its innermost dimension. */
#ifndef FT_WALK_H
#define FT_WALK_H

#include "ft_operators.h"

enum { FT_OUTER = 4 };

typedef struct ft_walk {
  int32_t index[FT_OUTER];
  int32_t first, second; /* offsets of the row's first element */
} ft_walk;

/* To the next row; 0 after the last. */
static inline int ft_walk_next(ft_walk *walk, const ft_strides *strides) {
  for (int32_t d = FT_OUTER - 1; d >= 0; d--) {
    walk->first += strides->first[d];
    walk->second += strides->second[d];
    if (++walk->index[d] < strides->shape[d])
      return 1;
    walk->first -= strides->shape[d] * strides->first[d];
    walk->second -= strides->shape[d] * strides->second[d];
    walk->index[d] = 0;
  }
  return 0;
}

#endif
