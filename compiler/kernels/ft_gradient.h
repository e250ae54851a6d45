/* What the kernels of the backward pass share. */
#ifndef FT_GRADIENT_H
#define FT_GRADIENT_H

/* sum + a * b; the product is rounded first. Armv7-M's VMLA does so too (VFMA does not), but compilers do not
 * use it where contraction is off. */
#if defined(__ARM_FP) && (__ARM_FP & 4) && __ARM_ARCH_PROFILE == 'M' && defined(__thumb2__) &&               \
    defined(__OPTIMIZE__) && !defined(__SOFTFP__)
#define FT_ARM_VMLA 1
static inline float ft_add_product(float sum, float a, float b) {
  __asm__("vmla.f32 %0, %1, %2" : "+t"(sum) : "t"(a), "t"(b));
  return sum;
}
#else
static inline float ft_add_product(float sum, float a, float b) {
  return sum + a * b;
}
#endif

#endif
