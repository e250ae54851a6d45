/* The files of data/ as they are. The assembler looks for them in the include path. */

  .macro file name, path
  .global \name, \name\()_end
  .balign 4
\name:
  .incbin "\path"
\name\()_end:
  .endm

  .section .rodata.samples, "a"
  file train_pictures, "data/train-images.u8"
  file train_labels, "data/train-labels.u8"
  file test_pictures, "data/test-images.u8"
  file test_labels, "data/test-labels.u8"
