/* Writes cells to a workbook with libxlsxwriter in constant-memory mode and prints the seconds that took; reading the cells
 * comes before and is not counted.
 *
 *     cc -O2 write.c -lxlsxwriter && ./a.out CELLS WORKBOOK
 *
 * CELLS holds the numbers of rows and columns, then the cells row by row: a letter (see below) and its value. Numbers are those
 * of this machine. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <xlsxwriter.h>

static void fail(const char *what) { perror(what); exit(1); }

static char *load(const char *name) {
    struct stat info;
    FILE *f = fopen(name, "rb");
    if (!f || fstat(fileno(f), &info)) fail(name);
    char *all = malloc(info.st_size);
    if (!all || fread(all, 1, info.st_size, f) != (size_t)info.st_size) fail(name);
    fclose(f);
    return all;
}

static double seconds(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec + t.tv_nsec / 1e9;
}

static lxw_format *format(lxw_workbook *book) {
    lxw_format *f = workbook_add_format(book);
    format_set_font_name(f, "Arial");
    format_set_font_size(f, 12);
    format_set_align(f, LXW_ALIGN_VERTICAL_TOP);
    return f;
}

int main(int argc, char **argv) {
    if (argc != 3) { fprintf(stderr, "usage: %s CELLS WORKBOOK\n", argv[0]); return 2; }
    const char *at = load(argv[1]);
    uint32_t rows, columns, length;
    memcpy(&rows, at, 4);
    memcpy(&columns, at + 4, 4);
    at += 8;

    double start = seconds();
    lxw_workbook_options options = {.constant_memory = LXW_TRUE};
    lxw_workbook *book = workbook_new_opt(argv[2], &options);
    lxw_worksheet *sheet = workbook_add_worksheet(book, "Schools");
    lxw_format *plain = format(book), *wrapped = format(book), *when = format(book);
    format_set_text_wrap(wrapped);
    format_set_num_format(when, "yyyy-mm-dd hh:mm:ss");

    for (uint32_t row = 0; row < rows; row++) {
        for (uint32_t column = 0; column < columns; column++) {
            double number;
            switch (*at++) {
            case 'e': /* empty */
                break;
            case 't': /* a text: length, bytes, a zero */
                memcpy(&length, at, 4);
                worksheet_write_string(sheet, row, column, at + 4, wrapped);
                at += 4 + length + 1;
                break;
            case 'b':
                worksheet_write_boolean(sheet, row, column, *at++, plain);
                break;
            case 'n':
            case 'd': /* a time, as the number that it is in a spreadsheet */
                memcpy(&number, at, 8);
                worksheet_write_number(sheet, row, column, number, at[-1] == 'd' ? when : plain);
                at += 8;
                break;
            default:
                fprintf(stderr, "row %u, column %u: no such kind of cell\n", row, column);
                return 1;
            }
        }
    }
    if (workbook_close(book) != LXW_NO_ERROR) fail(argv[2]);
    printf("%f\n", seconds() - start);
    return 0;
}
