#include "textflag.h"

// MD5 (RFC 1321) of eight lanes in the registers of AVX2: each instruction does to all lanes what the algorithm does to one.
//
// Y0 to Y3 are A to D; Y4 and Y5 pass by; Y6 is all ones. SI is at the words of the block, 32 bytes for those of one place in all lanes;
// DX is at the constants.

// ROUND ends a step, with the function of b, c and d in Y4: a = b + (a + Y4 + word + constant <<< shift).
#define ROUND(a, b, word, constant, shift) \
	VPBROADCASTD (4*constant)(DX), Y5; \
	VPADDD       (32*word)(SI), a, a; \
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

// func blocks(s *state, w *words)
TEXT ·blocks(SB), NOSPLIT, $0-16
	MOVQ     s+0(FP), DI
	MOVQ     w+8(FP), SI
	LEAQ     sines<>(SB), DX
	VMOVDQU  (DI), Y0
	VMOVDQU  32(DI), Y1
	VMOVDQU  64(DI), Y2
	VMOVDQU  96(DI), Y3
	VPCMPEQD Y6, Y6, Y6

	F(Y0, Y1, Y2, Y3, 0, 0, 7)
	F(Y3, Y0, Y1, Y2, 1, 1, 12)
	F(Y2, Y3, Y0, Y1, 2, 2, 17)
	F(Y1, Y2, Y3, Y0, 3, 3, 22)
	F(Y0, Y1, Y2, Y3, 4, 4, 7)
	F(Y3, Y0, Y1, Y2, 5, 5, 12)
	F(Y2, Y3, Y0, Y1, 6, 6, 17)
	F(Y1, Y2, Y3, Y0, 7, 7, 22)
	F(Y0, Y1, Y2, Y3, 8, 8, 7)
	F(Y3, Y0, Y1, Y2, 9, 9, 12)
	F(Y2, Y3, Y0, Y1, 10, 10, 17)
	F(Y1, Y2, Y3, Y0, 11, 11, 22)
	F(Y0, Y1, Y2, Y3, 12, 12, 7)
	F(Y3, Y0, Y1, Y2, 13, 13, 12)
	F(Y2, Y3, Y0, Y1, 14, 14, 17)
	F(Y1, Y2, Y3, Y0, 15, 15, 22)

	G(Y0, Y1, Y2, Y3, 1, 16, 5)
	G(Y3, Y0, Y1, Y2, 6, 17, 9)
	G(Y2, Y3, Y0, Y1, 11, 18, 14)
	G(Y1, Y2, Y3, Y0, 0, 19, 20)
	G(Y0, Y1, Y2, Y3, 5, 20, 5)
	G(Y3, Y0, Y1, Y2, 10, 21, 9)
	G(Y2, Y3, Y0, Y1, 15, 22, 14)
	G(Y1, Y2, Y3, Y0, 4, 23, 20)
	G(Y0, Y1, Y2, Y3, 9, 24, 5)
	G(Y3, Y0, Y1, Y2, 14, 25, 9)
	G(Y2, Y3, Y0, Y1, 3, 26, 14)
	G(Y1, Y2, Y3, Y0, 8, 27, 20)
	G(Y0, Y1, Y2, Y3, 13, 28, 5)
	G(Y3, Y0, Y1, Y2, 2, 29, 9)
	G(Y2, Y3, Y0, Y1, 7, 30, 14)
	G(Y1, Y2, Y3, Y0, 12, 31, 20)

	H(Y0, Y1, Y2, Y3, 5, 32, 4)
	H(Y3, Y0, Y1, Y2, 8, 33, 11)
	H(Y2, Y3, Y0, Y1, 11, 34, 16)
	H(Y1, Y2, Y3, Y0, 14, 35, 23)
	H(Y0, Y1, Y2, Y3, 1, 36, 4)
	H(Y3, Y0, Y1, Y2, 4, 37, 11)
	H(Y2, Y3, Y0, Y1, 7, 38, 16)
	H(Y1, Y2, Y3, Y0, 10, 39, 23)
	H(Y0, Y1, Y2, Y3, 13, 40, 4)
	H(Y3, Y0, Y1, Y2, 0, 41, 11)
	H(Y2, Y3, Y0, Y1, 3, 42, 16)
	H(Y1, Y2, Y3, Y0, 6, 43, 23)
	H(Y0, Y1, Y2, Y3, 9, 44, 4)
	H(Y3, Y0, Y1, Y2, 12, 45, 11)
	H(Y2, Y3, Y0, Y1, 15, 46, 16)
	H(Y1, Y2, Y3, Y0, 2, 47, 23)

	I(Y0, Y1, Y2, Y3, 0, 48, 6)
	I(Y3, Y0, Y1, Y2, 7, 49, 10)
	I(Y2, Y3, Y0, Y1, 14, 50, 15)
	I(Y1, Y2, Y3, Y0, 5, 51, 21)
	I(Y0, Y1, Y2, Y3, 12, 52, 6)
	I(Y3, Y0, Y1, Y2, 3, 53, 10)
	I(Y2, Y3, Y0, Y1, 10, 54, 15)
	I(Y1, Y2, Y3, Y0, 1, 55, 21)
	I(Y0, Y1, Y2, Y3, 8, 56, 6)
	I(Y3, Y0, Y1, Y2, 15, 57, 10)
	I(Y2, Y3, Y0, Y1, 6, 58, 15)
	I(Y1, Y2, Y3, Y0, 13, 59, 21)
	I(Y0, Y1, Y2, Y3, 4, 60, 6)
	I(Y3, Y0, Y1, Y2, 11, 61, 10)
	I(Y2, Y3, Y0, Y1, 2, 62, 15)
	I(Y1, Y2, Y3, Y0, 9, 63, 21)

	VPADDD  (DI), Y0, Y0
	VPADDD  32(DI), Y1, Y1
	VPADDD  64(DI), Y2, Y2
	VPADDD  96(DI), Y3, Y3
	VMOVDQU Y0, (DI)
	VMOVDQU Y1, 32(DI)
	VMOVDQU Y2, 64(DI)
	VMOVDQU Y3, 96(DI)
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
