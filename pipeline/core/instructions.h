/* pipeline/core/instructions.h - sets of vector instructions that code is written for beside plain C. */
#ifndef LTA_CORE_INSTRUCTIONS_H
#define LTA_CORE_INSTRUCTIONS_H

#include <stdbool.h>

typedef enum lta_instructions {
    LTA_PLAIN,  /* none: any processor */
    LTA_AVX2,   /* AVX2, BMI1, BMI2, POPCNT: x86-64-v3 */
    LTA_AVX512, /* the same and AVX-512 F, BW, DQ, VL, VBMI, VBMI2, VPOPCNTDQ: Ice Lake, Zen 4 and newer */
    LTA_N_INSTRUCTIONS
} lta_instructions;

bool lta_has_instructions(lta_instructions set); /* does the processor (and the build) have them? */
lta_instructions lta_best_instructions(void);

#endif
