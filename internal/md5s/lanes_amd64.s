#include "textflag.h"

// MD5 (RFC 1321) of lanes side by side: each instruction does to all lanes what the algorithm does to one. SI is at the words of the
// block, 64 bytes for those of one place in all sixteen lanes; DX is at the constants.

// STEPS are those of a block, whose functions end with ROUND: a = b + (a + function + word + constant <<< shift).
#define STEPS(ff, gg, hh, ii, a, b, c, d) \
	ff(a, b, c, d, 0, 0, 7); \
	ff(d, a, b, c, 1, 1, 12); \
	ff(c, d, a, b, 2, 2, 17); \
	ff(b, c, d, a, 3, 3, 22); \
	ff(a, b, c, d, 4, 4, 7); \
	ff(d, a, b, c, 5, 5, 12); \
	ff(c, d, a, b, 6, 6, 17); \
	ff(b, c, d, a, 7, 7, 22); \
	ff(a, b, c, d, 8, 8, 7); \
	ff(d, a, b, c, 9, 9, 12); \
	ff(c, d, a, b, 10, 10, 17); \
	ff(b, c, d, a, 11, 11, 22); \
	ff(a, b, c, d, 12, 12, 7); \
	ff(d, a, b, c, 13, 13, 12); \
	ff(c, d, a, b, 14, 14, 17); \
	ff(b, c, d, a, 15, 15, 22); \
	gg(a, b, c, d, 1, 16, 5); \
	gg(d, a, b, c, 6, 17, 9); \
	gg(c, d, a, b, 11, 18, 14); \
	gg(b, c, d, a, 0, 19, 20); \
	gg(a, b, c, d, 5, 20, 5); \
	gg(d, a, b, c, 10, 21, 9); \
	gg(c, d, a, b, 15, 22, 14); \
	gg(b, c, d, a, 4, 23, 20); \
	gg(a, b, c, d, 9, 24, 5); \
	gg(d, a, b, c, 14, 25, 9); \
	gg(c, d, a, b, 3, 26, 14); \
	gg(b, c, d, a, 8, 27, 20); \
	gg(a, b, c, d, 13, 28, 5); \
	gg(d, a, b, c, 2, 29, 9); \
	gg(c, d, a, b, 7, 30, 14); \
	gg(b, c, d, a, 12, 31, 20); \
	hh(a, b, c, d, 5, 32, 4); \
	hh(d, a, b, c, 8, 33, 11); \
	hh(c, d, a, b, 11, 34, 16); \
	hh(b, c, d, a, 14, 35, 23); \
	hh(a, b, c, d, 1, 36, 4); \
	hh(d, a, b, c, 4, 37, 11); \
	hh(c, d, a, b, 7, 38, 16); \
	hh(b, c, d, a, 10, 39, 23); \
	hh(a, b, c, d, 13, 40, 4); \
	hh(d, a, b, c, 0, 41, 11); \
	hh(c, d, a, b, 3, 42, 16); \
	hh(b, c, d, a, 6, 43, 23); \
	hh(a, b, c, d, 9, 44, 4); \
	hh(d, a, b, c, 12, 45, 11); \
	hh(c, d, a, b, 15, 46, 16); \
	hh(b, c, d, a, 2, 47, 23); \
	ii(a, b, c, d, 0, 48, 6); \
	ii(d, a, b, c, 7, 49, 10); \
	ii(c, d, a, b, 14, 50, 15); \
	ii(b, c, d, a, 5, 51, 21); \
	ii(a, b, c, d, 12, 52, 6); \
	ii(d, a, b, c, 3, 53, 10); \
	ii(c, d, a, b, 10, 54, 15); \
	ii(b, c, d, a, 1, 55, 21); \
	ii(a, b, c, d, 8, 56, 6); \
	ii(d, a, b, c, 15, 57, 10); \
	ii(c, d, a, b, 6, 58, 15); \
	ii(b, c, d, a, 13, 59, 21); \
	ii(a, b, c, d, 4, 60, 6); \
	ii(d, a, b, c, 11, 61, 10); \
	ii(c, d, a, b, 2, 62, 15); \
	ii(b, c, d, a, 9, 63, 21)

// Eight lanes in the registers of AVX2. Y0 to Y3 are A to D; Y4 and Y5 pass by; Y6 is all ones.

#define ROUND(a, b, word, constant, shift) \
	VPBROADCASTD (4*constant)(DX), Y5; \
	VPADDD       (64*word)(SI), a, a; \
	VPADDD       Y5, a, a; \
	VPADDD       Y4, a, a; \
	VPSLLD       $shift, a, Y5; \
	VPSRLD       $(32-shift), a, a; \
	VPOR         Y5, a, a; \
	VPADDD       b, a, a

// F is b & c | ^b & d.
#define F(a, b, c, d, word, constant, shift) \
	VPXOR c, d, Y4; \
	VPAND b, Y4, Y4; \
	VPXOR d, Y4, Y4; \
	ROUND(a, b, word, constant, shift)

// G is b & d | c & ^d.
#define G(a, b, c, d, word, constant, shift) \
	VPXOR b, c, Y4; \
	VPAND d, Y4, Y4; \
	VPXOR c, Y4, Y4; \
	ROUND(a, b, word, constant, shift)

// H is b ^ c ^ d.
#define H(a, b, c, d, word, constant, shift) \
	VPXOR b, c, Y4; \
	VPXOR d, Y4, Y4; \
	ROUND(a, b, word, constant, shift)

// I is c ^ (b | ^d).
#define I(a, b, c, d, word, constant, shift) \
	VPXOR d, Y6, Y4; \
	VPOR  b, Y4, Y4; \
	VPXOR c, Y4, Y4; \
	ROUND(a, b, word, constant, shift)

// func eight(s *state, w *words, first int)
TEXT ·eight(SB), NOSPLIT, $0-24
	MOVQ     s+0(FP), DI
	MOVQ     w+8(FP), SI
	MOVQ     first+16(FP), AX
	LEAQ     (DI)(AX*4), DI
	LEAQ     (SI)(AX*4), SI
	LEAQ     sines<>(SB), DX
	VMOVDQU  (DI), Y0
	VMOVDQU  64(DI), Y1
	VMOVDQU  128(DI), Y2
	VMOVDQU  192(DI), Y3
	VPCMPEQD Y6, Y6, Y6

	STEPS(F, G, H, I, Y0, Y1, Y2, Y3)

	VPADDD  (DI), Y0, Y0
	VPADDD  64(DI), Y1, Y1
	VPADDD  128(DI), Y2, Y2
	VPADDD  192(DI), Y3, Y3
	VMOVDQU Y0, (DI)
	VMOVDQU Y1, 64(DI)
	VMOVDQU Y2, 128(DI)
	VMOVDQU Y3, 192(DI)
	VZEROUPPER
	RET

// Sixteen lanes in the registers of AVX-512, which rotates at once, and has every function of three bits: its number is the truth table,
// with the bit of Z4 highest. Z0 to Z3 are A to D; Z4 passes by.

#define WIDE(a, b, word, constant, shift) \
	VPADDD       (64*word)(SI), a, a; \
	VPADDD.BCST  (4*constant)(DX), a, a; \
	VPADDD       Z4, a, a; \
	VPROLD       $shift, a, a; \
	VPADDD       b, a, a

// b ? c : d
#define WIDEF(a, b, c, d, word, constant, shift) \
	VMOVDQA32  b, Z4; \
	VPTERNLOGD $0xca, d, c, Z4; \
	WIDE(a, b, word, constant, shift)

// d ? b : c
#define WIDEG(a, b, c, d, word, constant, shift) \
	VMOVDQA32  d, Z4; \
	VPTERNLOGD $0xca, c, b, Z4; \
	WIDE(a, b, word, constant, shift)

// b ^ c ^ d
#define WIDEH(a, b, c, d, word, constant, shift) \
	VMOVDQA32  b, Z4; \
	VPTERNLOGD $0x96, d, c, Z4; \
	WIDE(a, b, word, constant, shift)

// c ^ (b | ^d)
#define WIDEI(a, b, c, d, word, constant, shift) \
	VMOVDQA32  b, Z4; \
	VPTERNLOGD $0x39, d, c, Z4; \
	WIDE(a, b, word, constant, shift)

// func sixteen(s *state, w *words)
TEXT ·sixteen(SB), NOSPLIT, $0-16
	MOVQ      s+0(FP), DI
	MOVQ      w+8(FP), SI
	LEAQ      sines<>(SB), DX
	VMOVDQU32 (DI), Z0
	VMOVDQU32 64(DI), Z1
	VMOVDQU32 128(DI), Z2
	VMOVDQU32 192(DI), Z3

	STEPS(WIDEF, WIDEG, WIDEH, WIDEI, Z0, Z1, Z2, Z3)

	VPADDD    (DI), Z0, Z0
	VPADDD    64(DI), Z1, Z1
	VPADDD    128(DI), Z2, Z2
	VPADDD    192(DI), Z3, Z3
	VMOVDQU32 Z0, (DI)
	VMOVDQU32 Z1, 64(DI)
	VMOVDQU32 Z2, 128(DI)
	VMOVDQU32 Z3, 192(DI)
	VZEROUPPER
	RET

// The constants of the steps: the sine of 1 to 64, as 2^32 times its absolute value.
DATA sines<>+0x00(SB)/4, $0xd76aa478
DATA sines<>+0x04(SB)/4, $0xe8c7b756
DATA sines<>+0x08(SB)/4, $0x242070db
DATA sines<>+0x0c(SB)/4, $0xc1bdceee
DATA sines<>+0x10(SB)/4, $0xf57c0faf
DATA sines<>+0x14(SB)/4, $0x4787c62a
DATA sines<>+0x18(SB)/4, $0xa8304613
DATA sines<>+0x1c(SB)/4, $0xfd469501
DATA sines<>+0x20(SB)/4, $0x698098d8
DATA sines<>+0x24(SB)/4, $0x8b44f7af
DATA sines<>+0x28(SB)/4, $0xffff5bb1
DATA sines<>+0x2c(SB)/4, $0x895cd7be
DATA sines<>+0x30(SB)/4, $0x6b901122
DATA sines<>+0x34(SB)/4, $0xfd987193
DATA sines<>+0x38(SB)/4, $0xa679438e
DATA sines<>+0x3c(SB)/4, $0x49b40821
DATA sines<>+0x40(SB)/4, $0xf61e2562
DATA sines<>+0x44(SB)/4, $0xc040b340
DATA sines<>+0x48(SB)/4, $0x265e5a51
DATA sines<>+0x4c(SB)/4, $0xe9b6c7aa
DATA sines<>+0x50(SB)/4, $0xd62f105d
DATA sines<>+0x54(SB)/4, $0x02441453
DATA sines<>+0x58(SB)/4, $0xd8a1e681
DATA sines<>+0x5c(SB)/4, $0xe7d3fbc8
DATA sines<>+0x60(SB)/4, $0x21e1cde6
DATA sines<>+0x64(SB)/4, $0xc33707d6
DATA sines<>+0x68(SB)/4, $0xf4d50d87
DATA sines<>+0x6c(SB)/4, $0x455a14ed
DATA sines<>+0x70(SB)/4, $0xa9e3e905
DATA sines<>+0x74(SB)/4, $0xfcefa3f8
DATA sines<>+0x78(SB)/4, $0x676f02d9
DATA sines<>+0x7c(SB)/4, $0x8d2a4c8a
DATA sines<>+0x80(SB)/4, $0xfffa3942
DATA sines<>+0x84(SB)/4, $0x8771f681
DATA sines<>+0x88(SB)/4, $0x6d9d6122
DATA sines<>+0x8c(SB)/4, $0xfde5380c
DATA sines<>+0x90(SB)/4, $0xa4beea44
DATA sines<>+0x94(SB)/4, $0x4bdecfa9
DATA sines<>+0x98(SB)/4, $0xf6bb4b60
DATA sines<>+0x9c(SB)/4, $0xbebfbc70
DATA sines<>+0xa0(SB)/4, $0x289b7ec6
DATA sines<>+0xa4(SB)/4, $0xeaa127fa
DATA sines<>+0xa8(SB)/4, $0xd4ef3085
DATA sines<>+0xac(SB)/4, $0x04881d05
DATA sines<>+0xb0(SB)/4, $0xd9d4d039
DATA sines<>+0xb4(SB)/4, $0xe6db99e5
DATA sines<>+0xb8(SB)/4, $0x1fa27cf8
DATA sines<>+0xbc(SB)/4, $0xc4ac5665
DATA sines<>+0xc0(SB)/4, $0xf4292244
DATA sines<>+0xc4(SB)/4, $0x432aff97
DATA sines<>+0xc8(SB)/4, $0xab9423a7
DATA sines<>+0xcc(SB)/4, $0xfc93a039
DATA sines<>+0xd0(SB)/4, $0x655b59c3
DATA sines<>+0xd4(SB)/4, $0x8f0ccc92
DATA sines<>+0xd8(SB)/4, $0xffeff47d
DATA sines<>+0xdc(SB)/4, $0x85845dd1
DATA sines<>+0xe0(SB)/4, $0x6fa87e4f
DATA sines<>+0xe4(SB)/4, $0xfe2ce6e0
DATA sines<>+0xe8(SB)/4, $0xa3014314
DATA sines<>+0xec(SB)/4, $0x4e0811a1
DATA sines<>+0xf0(SB)/4, $0xf7537e82
DATA sines<>+0xf4(SB)/4, $0xbd3af235
DATA sines<>+0xf8(SB)/4, $0x2ad7d2bb
DATA sines<>+0xfc(SB)/4, $0xeb86d391
GLOBL sines<>(SB), RODATA|NOPTR, $256
