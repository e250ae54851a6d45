/* A 32-bit RISC-V with an FPU that starts at the first address of its memory: FPU, stack, variables, main. */
  .section .vectors, "ax"
  .global start
start:
  li t0, 0x6000            /* mstatus.FS: FPU on */
  csrs mstatus, t0
  la t0, trap
  csrw mtvec, t0
  la sp, stack_top
  la t0, bss_start
  la t1, bss_end
1:
  bgeu t0, t1, 2f
  sw zero, 0(t0)
  addi t0, t0, 4
  j 1b
2:
  call main
3:
  j 3b

  .balign 4
trap:
  li a0, 2
  call board_finished
  j 3b
