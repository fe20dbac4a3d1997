// SPDX-License-Identifier: GPL-2.0
/* The other half of same_code.c. */
#define PLAIN_CODE
#include "same_code.c"
