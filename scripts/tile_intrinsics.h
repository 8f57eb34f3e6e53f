// Put into the engine's AMX source by scripts/build_engine.sh. In the headers of g++ 12.2 the tile intrinsics do not tell
// the compiler which memory they read: the tile configuration (64 bytes) is declared as 8, so its stores are dropped and
// the instruction faults, and stores to a tile's buffer may move behind its load. Every quantised model crashed.
#if defined(__GNUC__) && !defined(__clang__)
#include <immintrin.h>
#define _tile_loadconfig(config) __asm__ volatile("ldtilecfg\t%X0" ::"m"(*(const char(*)[64])(config)))
#undef _tile_loadd
#define _tile_loadd(tile, base, stride)              \
    do {                                             \
        __asm__ volatile("" ::: "memory");           \
        _tile_loadd_internal(tile, base, stride);    \
    } while (0)
#endif
