#include "host/core/analyze.h"

#include "host/base/file.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static struct analysis r;

static const struct kinematics jerky = {
    .max_feed_mm_s = {500, 500, 500, 500},
    .max_accel_mm_s2 = {1000, 1000, 1000, 1000},
    .accel_print_mm_s2 = 1000,
    .accel_travel_mm_s2 = 1000,
    .accel_retract_mm_s2 = 1000,
    .jerk_mm_s = {10, 10, 10, 10},
};

static void analyze_bytes(const struct kinematics *k, const char *bytes, size_t len)
{
    struct analyzer *a = analyze_new(k);
    analyze_feed(a, bytes, len);
    analyze_finish(a, &r);
    analyze_free(a);
}

static void analyze(const char *text)
{
    analyze_bytes(&jerky, text, strlen(text));
}

static void assert_seconds(double want, double tolerance)
{
    double got = (double)r.time_ms / 1000;
    if (fabs(got - want) > tolerance) {
        fail_msg("%.3f s, wanted %.3f", got, want);
    }
}

static void an_empty_file_says_so(void **state)
{
    (void)state;
    analyze("");
    assert_int_equal(r.bytes, 0);
    assert_int_equal(r.lines, 0);
    assert_int_equal(r.commands, 0);
    assert_false(r.has_moves);
    assert_int_equal(r.slicer_time_ms, -1);
    assert_int_equal(r.max_tool_mc, INT32_MIN);
    assert_int_equal(r.time_ms, 0);
}

static void lines_and_commands_are_counted(void **state)
{
    (void)state;
    analyze("G28\n\n; c\nG1 X1 ; c\n@pause\nM117 hello");
    assert_int_equal(r.lines, 6);
    assert_int_equal(r.commands, 3);
    analyze("G28\r\nG28\r\n");
    assert_int_equal(r.lines, 2);
    assert_int_equal(r.commands, 2);
}

static void bounds_are_those_of_extruding_moves(void **state)
{
    (void)state;
    analyze(
        "G28\nM83\nG1 X200 Y5 Z1 F6000\nG1 X10 Y20\nG1 X30 Y25 E1\nG1 Y40 E1\nG1 X100 E-1\nG1 E1");
    assert_true(r.has_moves);
    assert_int_equal(r.min_um[0], 10000);
    assert_int_equal(r.max_um[0], 30000);
    assert_int_equal(r.min_um[1], 20000);
    assert_int_equal(r.max_um[1], 40000);
    assert_int_equal(r.min_um[2], 1000);
    assert_int_equal(r.max_um[2], 1000);
    assert_int_equal(r.min_line[0], 5);
    assert_int_equal(r.max_line[1], 6);
    assert_int_equal(r.travel_max_um[0], 200000);
    assert_int_equal(r.travel_max_line[0], 3);
    assert_int_equal(r.travel_min_um[1], 5000);
}

static void moves_before_homing_have_no_place(void **state)
{
    (void)state;
    analyze("G91\nG1 Z-5\nG90\nG28\nG1 X5");
    assert_true(r.relative_xyz_before_home);
    assert_int_equal(r.travel_min_um[2], 0);
    assert_int_equal(r.travel_min_um[0], 5000);
    analyze("G28\nG1 X5");
    assert_false(r.relative_xyz_before_home);
    analyze("G92 Z5\nG1 X5");
    assert_false(r.relative_xyz_before_home);
}

static void arcs_reach_beyond_their_ends(void **state)
{
    (void)state;
    /* From (10, 0) round (0, 0): a quarter, three quarters, and a full circle. */
    analyze("G28\nM83\nG1 X10\nG3 X0 Y10 I-10 E1");
    assert_int_equal(r.min_um[0], 0);
    assert_int_equal(r.max_um[1], 10000);
    analyze("G28\nM83\nG1 X10\nG2 X0 Y10 I-10 E1");
    assert_int_equal(r.min_um[0], -10000);
    assert_int_equal(r.min_um[1], -10000);
    assert_int_equal(r.max_um[0], 10000);
    analyze("G28\nM83\nG1 X50 Y50\nG2 I-10 E1");
    assert_int_equal(r.min_um[0], 30000);
    assert_int_equal(r.max_um[1], 60000);
    assert_int_equal(r.min_um[1], 40000);
    analyze("G28\nM83\nG1 X10\nG3 X-10 R10 E1\nG3 X10 R-10 E1");
    assert_int_equal(r.max_um[1], 10000);
    assert_int_equal(r.min_um[1], -10000);
}

static void the_time_of_an_arc_is_that_of_its_chords(void **state)
{
    (void)state;
    char text[20000] = "G28\nG1 X20 F6000\n";
    analyze("G28\nG1 X20 F6000\nG3 I-20\n");
    double arc = (double)r.time_ms;
    size_t used = strlen(text);
    for (int i = 1; i <= 125; i++) {
        double angle = 2 * M_PI * i / 125;
        used += (size_t)snprintf(
            text + used, sizeof text - used, "G1 X%.5f Y%.5f\n", 20 * cos(angle), 20 * sin(angle));
    }
    analyze(text);
    assert_true(fabs((double)r.time_ms - arc) < 0.03 * arc);
    analyze_bytes(NULL, text, used);
    double chords = (double)r.time_ms;
    analyze_bytes(NULL, "G28\nG1 X20 F6000\nG3 I-20\n", 26);
    assert_true(fabs((double)r.time_ms - chords) < 0.05 * chords);
}

static void layers_come_from_the_slicers_marks(void **state)
{
    (void)state;
    const char *files[] = {
        ";LAYER_CHANGE\nG1 Z.2\nG1 X1 E1\n;LAYER_CHANGE\nG1 Z.4\nG1 X2 E1\n;LAYER_CHANGE\nG1 "
        "Z.6\nG1 X3 E1",
        ";LAYER_COUNT:3\n;LAYER:0\nG1 Z.2\nG1 X1 E1\n;LAYER:1\nG1 Z.4\nG1 X2 E1\n;LAYER:2\nG1 "
        "Z.6\nG1 X3 E1",
        "; layer 1, Z = 0.200\nG1 Z.2\nG1 X1 E1\n; layer 2, Z = 0.4\nG1 Z.4\nG1 X2 E1\n; layer 3, "
        "Z = .6\nG1 "
        "Z.6\nG1 X3 E1\n; layer end\n",
        ";; --- layer 0 (0.200 @ 0.2) ---\nG1 Z.2\nG1 X1 E1\n;; --- layer 1 (0.200 @ 0.4) ---\nG1 "
        "Z.4\nG1 X2 "
        "E1\n;; --- layer 2 (0.200 @ 0.6) ---\nG1 Z.6\nG1 X3 E1\n",
        "; CHANGE_LAYER\nG1 Z.2\nG1 X1 E1\n; CHANGE_LAYER\nG1 Z.4\nG1 X2 E1\n; CHANGE_LAYER\nG1 "
        "Z.6\nG1 X3 E1",
        "G1 Z.2\nG1 X1 E1\nG1 Z2\nG1 X5\nG1 Z.2\nG1 X1 E1\nG1 Z.4\nG1 X2 E1\nG1 Z.6\nG1 X3 E1\n",
    };
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        char text[1000];
        snprintf(text, sizeof text, "G28\nM83\n%s", files[i]);
        analyze(text);
        assert_int_equal(r.layers, 3);
        assert_int_equal(r.layer_height_um, 200);
    }
}

static void one_kind_of_mark_counts(void **state)
{
    (void)state;
    analyze(";LAYER_CHANGE\n;LAYER:0\nG1 X1 E1\n;LAYER_CHANGE\n;LAYER:1\nG1 X2 E2");
    assert_int_equal(r.layers, 2);
}

static void a_spiral_without_marks_has_layers(void **state)
{
    (void)state;
    char text[8000] = "G28\nM83\nG1 Z0.2\n";
    size_t used = strlen(text);
    for (int i = 1; i <= 200; i++) {
        used += (size_t)snprintf(
            text + used, sizeof text - used, "G1 X%d Z%.3f E.1\n", i % 10, 0.2 + i * 0.01);
    }
    analyze(text);
    assert_in_range(r.layers, 9, 12);
}

static void filament_is_net_by_tool(void **state)
{
    (void)state;
    analyze("G28\nM82\nG1 X1 E10\nG1 E8\nG1 X2 E10\nG92 E0\nT1\nG1 X3 E5\nM83\nG1 X4 E1\nG1 E-3");
    assert_int_equal(r.filament_um[0], 10000);
    assert_int_equal(r.filament_um[1], 6000);
    assert_int_equal(r.tools_used, 3);
    analyze("G28\nM83\nM221 S50\nG1 X1 E10");
    assert_int_equal(r.filament_um[0], 5000);
    analyze("T40\nM83\nG1 X1 E10");
    assert_int_equal(r.tools_used, UINT32_C(1) << 31);
}

static void a_long_move_is_a_trapezoid(void **state)
{
    (void)state;
    /* 100 mm at 100 mm/s from a jump of 10 mm/s to a stop: 0.09 + 0.09995 s of slopes and the rest.
     */
    analyze("G28\nG1 X100 F6000");
    double up = 4.95;
    double down = 5.0;
    assert_seconds((100 - up - down) / 100 + 0.09 + 0.09995, 0.002);
}

static void a_straight_line_in_pieces_takes_as_long(void **state)
{
    (void)state;
    analyze("G28\nG1 X100 F6000");
    double whole = (double)r.time_ms / 1000;
    char text[4000] = "G28\nG1 F6000\n";
    size_t used = strlen(text);
    for (int i = 1; i <= 100; i++) {
        used += (size_t)snprintf(text + used, sizeof text - used, "G1 X%d\n", i);
    }
    analyze(text);
    assert_seconds(whole, 0.002);
}

static void a_corner_costs_time_and_reversal_more(void **state)
{
    (void)state;
    analyze("G28\nG1 X50 F6000\nG1 X100");
    int64_t straight = r.time_ms;
    analyze("G28\nG1 X50 F6000\nG1 Y50");
    int64_t corner = r.time_ms;
    analyze_bytes(NULL, "G28\nG1 X50 F6000\nG1 X100", 25);
    int64_t smooth = r.time_ms;
    analyze_bytes(NULL, "G28\nG1 X50 F6000\nG1 X0", 23);
    assert_true(corner > straight + 50);
    assert_true(r.time_ms > smooth);
}

static void the_files_own_limits_hold(void **state)
{
    (void)state;
    analyze("G28\nM203 X20\nG1 X100 F6000");
    assert_seconds(5, 0.05);
    analyze("G28\nM201 X100\nG1 X100 F30000");
    assert_seconds(2 * sqrt(100.0 / 100), 0.12);
    analyze("G28\nM204 T100\nG1 X100 F30000");
    assert_seconds(2 * sqrt(100.0 / 100), 0.12);
    analyze("G28\nM220 S50\nG1 X100 F6000");
    assert_seconds(2, 0.1);
    analyze("G28\nM204 S0\nM201 X0 Y-5\nM203 X0\nG1 X1 F6000");
    assert_true(r.time_ms < 1000);
}

static void waiting_is_counted_and_homing_is_not(void **state)
{
    (void)state;
    analyze("G28\nG4 S2\nG4 P500\nG28");
    assert_int_equal(r.time_ms, 2500);
}

static void a_crawl_does_not_last_for_ever(void **state)
{
    (void)state;
    analyze("G28\nG1 X1 F0.000001");
    assert_in_range(r.time_ms, 1, 30000);
    analyze("G28\nG91\nG1 X1000000000 F1\nG1 X-1000000000\nG1 X1000000000");
    assert_true(r.time_ms > 0);
}

static void temperatures_are_the_highest(void **state)
{
    (void)state;
    analyze("M104 S200\nM109 S215.5\nM104 S0\nM140 S60\nM190 R70\nM141 S35\nM140 S0");
    assert_int_equal(r.max_tool_mc, 215500);
    assert_int_equal(r.max_bed_mc, 70000);
    assert_int_equal(r.max_chamber_mc, 35000);
}

static void long_lines_are_named(void **state)
{
    (void)state;
    analyze("G28\nM117 a long text for people to read\nG1 X1.00000 Y2.00000\nG1 X1 ; a comment is "
            "none");
    assert_int_equal(r.longest_line, 20);
    assert_int_equal(r.longest_line_no, 3);
    assert_int_equal(r.longest_display, 35);
    assert_int_equal(r.longest_display_no, 2);
}

static size_t put(char *text, size_t at, const char *words)
{
    while (*words != '\0') {
        text[at++] = *words++;
    }
    return at;
}

static void lines_of_ten_kilobytes_are_read(void **state)
{
    (void)state;
    char text[20010];
    memset(text, ' ', sizeof text);
    memset(text, 'x', 10000);
    put(text, 0, "G28\n; ");
    put(text, 10000, "\nG1 X1");
    size_t len = put(text, 20000, "Z9\nG1 X5\n");
    analyze_bytes(&jerky, text, len);
    assert_int_equal(r.lines, 4);
    assert_int_equal(r.commands, 3);
    assert_int_equal(r.longest_line, 10001);
    assert_int_equal(r.travel_max_um[2], 9000);
}

static void binary_bytes_are_found_outside_of_comments(void **state)
{
    (void)state;
    analyze_bytes(NULL, "G28\nG1 X\0005\n", 12);
    assert_int_equal(r.binary_line_no, 2);
    analyze_bytes(NULL, "GCDE\x01\x00\x00\x00", 8);
    assert_int_equal(r.binary_line_no, 1);
    analyze_bytes(NULL, "G28\n\0\0\0\n", 8);
    assert_int_equal(r.binary_line_no, 2);
    analyze("; caf\xe9 \x02\nG28\nM117 Gr\xc3\xbc\xc3\x9f"
            "e\n");
    assert_int_equal(r.binary_line_no, 0);
    analyze("G28\r\nG1\tX1 \r\n"); /* a line end of Windows, a tab */
    assert_int_equal(r.binary_line_no, 0);
    analyze("G28\nG1 X1\rG1 X2\n"); /* a firmware would see two lines, the second unchecked */
    assert_int_equal(r.binary_line_no, 2);
}

static void placeholders_are_found(void **state)
{
    (void)state;
    analyze("G28\n; {comment}\nM117 [layer]\nM104 S{first_layer_temperature[0]}\nG1 Z[layer_z]");
    assert_int_equal(r.placeholder_line_no, 4);
    assert_string_equal(r.placeholder, "{first_layer_temperature[0]}");
    analyze("START_PRINT BED=[bed]");
    assert_int_equal(r.placeholder_line_no, 1);
    analyze("G28 {open");
    assert_int_equal(r.placeholder_line_no, 0);
}

struct made_by {
    const char *text;
    const char *slicer;
    const char *printer;
    const char *material;
    int64_t time_ms;
    int nozzle_um;
    int64_t layer_height_um;
};

/* The comments as each slicer writes them; head and tail alike. */
static const struct made_by made_by[] = {
    {"; generated by PrusaSlicer 2.5.0+linux-x64 on 2022-09-10 at 10:00:00 UTC\n"
     "G1 X1\n; estimated printing time (normal mode) = 1d 2h 3m 4s\n"
     "; estimated printing time (silent mode) = 2d 2h 3m 4s\n"
     "; filament_type = PLA;PETG\n; nozzle_diameter = 0.4,0.6\n; layer_height = 0.15\n"
     "; printer_model = MK3S\n",
        "PrusaSlicer 2.5.0", "MK3S", "PLA", 93784000, 400, 150},
    {"; generated by SuperSlicer 2.3.57 on 2021-10-01 at 08:00:00 UTC\n"
     "; printer_model = \n; filament_type = \"PETG\"\n; estimated printing time (normal mode) = 3m "
     "4s\n",
        "SuperSlicer 2.3.57", "", "PETG", 184000, 0, 0},
    {"; HEADER_BLOCK_START\n; generated by OrcaSlicer 2.1.1 on 2024-08-01 at 12:00:00\n"
     "; total layer number: 25\n; filament_density: 1.27\n; HEADER_BLOCK_END\n"
     "; printer_model = Creality Ender-3\n; estimated printing time (normal mode) = 57m 2s\n",
        "OrcaSlicer 2.1.1", "Creality Ender-3", "", 3422000, 0, 0},
    {"; BambuStudio 01.09.00.70\n; model printing time: 20m 3s; total estimated time: 26m 10s\n",
        "BambuStudio 01.09.00.70", "", "", 1570000, 0, 0},
    {";FLAVOR:Marlin\n;TIME:1375\n;Filament used: 1.01345m\n;Layer height: 0.2\n"
     ";TARGET_MACHINE.NAME:LONGER LK5 Pro\r\n;Generated with Cura_SteamEngine 5.10.0\r\n",
        "Cura 5.10.0", "LONGER LK5 Pro", "", 1375000, 0, 200},
    {";FLAVOR:Marlin\n;TIME:6666\n;TARGET_MACHINE.NAME:Unknown\n;TIME_ELAPSED:12.5\nG1 X1\n"
     ";TIME_ELAPSED:1234.567\n",
        "", "", "", 1234567, 0, 0},
    {";START_OF_HEADER\n;FLAVOR:Griffin\n;GENERATOR.NAME:Cura_SteamEngine\n;GENERATOR.VERSION:5.4."
     "0\n"
     ";TARGET_MACHINE.NAME:Ultimaker "
     "S5\n;EXTRUDER_TRAIN.0.NOZZLE.DIAMETER:0.8\n;PRINT.TIME:111600\n",
        "Cura 5.4.0", "Ultimaker S5", "", 111600000, 800, 0},
    {"; G-Code generated by Simplify3D(R) Version 4.1.2\n; Settings Summary\n"
     ";   profileName,Wanhao i3 (modified)\n;   extruderDiameter,0.4\n;   layerHeight,0.3\n"
     ";   printMaterial,ABS\nG1 X1\n; Build Summary\n;   Build time: 1 hour 55 minutes\n",
        "Simplify3D 4.1.2", "Wanhao i3 (modified)", "ABS", 6900000, 400, 300},
    {"; Generated by Kiri:Moto 4.0.3\n; Target: Creality.Ender.3\n; sliceHeight = 0.25\nG1 X1\n"
     "; --- filament used: 1234.5 mm ---\n; --- print time: 5400s ---\n",
        "Kiri:Moto 4.0.3", "Creality.Ender.3", "", 5400000, 0, 250},
    {";Sliced by ideaMaker 4.2.3.5240, 2022-05-18 10:11:12 UTC+0800\n"
     ";Dimension: 305.000 305.000 300.000 0.400 0.400\n;Filament Type #1: PLA\n;Print Time: 4380\n",
        "ideaMaker 4.2.3.5240", "", "PLA", 4380000, 400, 0},
    {"\xef\xbb\xbf; generated by PrusaSlicer 2.6.1 on x\n  ; printer_model = MK4\n",
        "PrusaSlicer 2.6.1", "MK4", "", -1, 0, 0},
    {"; generated by Slic3r 1.3.0 on 2019-05-04 at 09:00:00\nG1 X1\n; filament used = 812.5mm "
     "(2.0cm3)\n"
     "; nozzle_diameter = 0.35\n; printer_settings_id = Anycubic Chiron\n",
        "Slic3r 1.3.0", "Anycubic Chiron", "", -1, 350, 0},
    {"; generated by SuperSlicer 2.5.59 on 2024-02-03 at 08:00:00 UTC\n; printer_model = \n"
     "; printer_settings_id = - default FFF -\n; layer_height = 0.25\n",
        "SuperSlicer 2.5.59", "", "", -1, 0, 250},
    {"; generated by FutureSlicer 9.1 on 2030-01-01\n", "FutureSlicer 9.1", "", "", -1, 0, 0},
};

static void slicers_are_recognised_by_their_comments(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof made_by / sizeof *made_by; i++) {
        const struct made_by *m = &made_by[i];
        analyze(m->text);
        assert_string_equal(r.slicer, m->slicer);
        assert_string_equal(r.printer, m->printer);
        assert_string_equal(r.material, m->material);
        assert_int_equal(r.slicer_time_ms, m->time_ms);
        assert_int_equal(r.nozzle_um, m->nozzle_um);
        assert_int_equal(r.layer_height_um, m->layer_height_um);
    }
}

/* A file of few moves with a block of 300 settings behind them, as PrusaSlicer writes it. */
static void settings_are_found_however_far_from_the_end(void **state)
{
    static char text[60000] = "; generated by PrusaSlicer 2.8.1 on 2024-10-01 at 10:00:00 UTC\n"
                              "G1 X1\n; prusaslicer_config = begin\n";
    (void)state;
    for (int i = 0; i < 300; i++) {
        size_t used = strlen(text);
        const char *name = i == 150 ? "printer_model = MK4S\n;" : "a_setting_of_it";
        snprintf(text + used, sizeof text - used, "; %s = %d of a longish value\n", name, i);
    }
    analyze(text);
    assert_string_equal(r.printer, "MK4S");
    assert_true(r.printer_exact);
}

static void each_tool_has_its_filament(void **state)
{
    (void)state;
    analyze("; filament_type = PLA;\"PETG\";TPU\n; filament_colour = #FF8000;#00aaFFCC;none\n"
            "; filament_density = 1.24,1.27,1.2\n");
    assert_string_equal(r.filament[0].type, "PLA");
    assert_string_equal(r.filament[1].type, "PETG");
    assert_string_equal(r.filament[2].type, "TPU");
    assert_string_equal(r.filament[3].type, "");
    assert_string_equal(r.filament[0].colour, "#ff8000");
    assert_string_equal(r.filament[1].colour, "#00aaff"); /* without its opacity */
    assert_string_equal(r.filament[2].colour, "");
    assert_int_equal(r.filament[1].density_mg_cm3, 1270);
    assert_int_equal(r.filament[2].density_mg_cm3, 1200);
    analyze(";Filament Type #1: PLA\n;Filament Type #2: PVA\n;Filament Density #2: 1190\n"
            ";Filament Type #9: X\n;Filament Type #: Y\n;Filament Type #2: Z\n");
    assert_string_equal(r.filament[0].type, "PLA");
    assert_string_equal(r.filament[1].type, "PVA");
    assert_int_equal(r.filament[1].density_mg_cm3, 1190);
    analyze(";   filamentDensities,1.25|1.04\n;   printMaterial,ABS\n");
    assert_int_equal(r.filament[1].density_mg_cm3, 1040);
    assert_string_equal(r.material, "ABS");
    analyze("; filament_type = 1;2;3;4;5;6;7;8;9;10\n; filament_colour = #12345g;#12345;x\n"
            "; filament_density = 99999999999,40,-1\n");
    assert_string_equal(r.filament[7].type, "8");
    assert_string_equal(r.filament[0].colour, "");
    assert_int_equal(r.filament[0].density_mg_cm3, 0); /* nothing is as heavy */
    assert_int_equal(r.filament[1].density_mg_cm3, 0);
}

static void the_material_is_that_of_the_tool_which_prints(void **state)
{
    (void)state;
    analyze("G28\nT1\nG1 X10 Z0.2 E1\n; filament_type = PLA;ABS\n; filament_density = 1.2,1\n");
    assert_string_equal(r.material, "ABS");
    assert_int_equal(r.density_mg_cm3, 1000);
    analyze("G28\nT1\nG1 X10 Z0.2 E1\n; filament_type = PLA\n");
    assert_string_equal(r.material, "PLA");
}

static void a_profile_name_is_not_a_model(void **state)
{
    (void)state;
    analyze(";   profileName,My settings\n");
    assert_false(r.printer_exact);
    analyze("; printer_model = MK4\n;   profileName,My settings\n");
    assert_true(r.printer_exact);
    assert_string_equal(r.printer, "MK4");
}

static void foreign_names_are_made_safe(void **state)
{
    (void)state;
    analyze("; printer_model = a\x1b[31mb\n");
    assert_string_equal(r.printer, "a\\x1b[31mb");
}

static void weight_follows_density_and_diameter(void **state)
{
    (void)state;
    analyze("; filament_type = PLA\n");
    assert_int_equal(analyze_weight_mg(&r, 1000000), 2983);
    analyze("; filament_type = X\n");
    assert_int_equal(analyze_weight_mg(&r, 1000000), 0);
    analyze("; filament_density = 2\n; filament_diameter = 2.85\n");
    assert_int_equal(analyze_weight_mg(&r, 1000000), 12759);
    analyze(";Filament Density #1: 1240\n");
    assert_int_equal(r.density_mg_cm3, 1240);
    analyze("; filament_type = PLA;ABS;X\n; filament_density = 0,0,2\n");
    assert_int_equal(analyze_tool_weight_mg(&r, 0, 1000000), 2983);
    assert_int_equal(analyze_tool_weight_mg(&r, 1, 1000000), 2501);
    assert_int_equal(analyze_tool_weight_mg(&r, 2, 1000000), 4811);
    assert_int_equal(analyze_tool_weight_mg(&r, 3, 1000000), 2983); /* as the first */
}

static void the_samples_are_as_sliced(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        int layers;
        int64_t height_um;
        int64_t commands_min;
    } samples[] = {
        {"demo.gcode", 70, 200, 20000},
        {"gear.gcode", 27, 300, 10000},
        {"bracket.gcode", 150, 200, 10000},
    };
    for (size_t i = 0; i < sizeof samples / sizeof *samples; i++) {
        char path[512];
        struct strbuf text = {0};
        struct err e;
        snprintf(path, sizeof path, PP_SOURCE_DIR "/tests/samples/%s", samples[i].name);
        assert_int_equal(file_read(path, 4000000, &text, &e), 0);
        analyze_bytes(NULL, text.data, text.len);
        strbuf_fini(&text);
        assert_int_equal(r.layers, samples[i].layers);
        assert_int_equal(r.layer_height_um, samples[i].height_um);
        assert_true(r.commands >= samples[i].commands_min);
        assert_true(r.slicer_time_ms > 0);
        double ratio = (double)r.time_ms / (double)r.slicer_time_ms;
        assert_true(ratio > 0.85 && ratio < 1.15);
        assert_string_equal(r.printer, "Virtual");
        assert_string_equal(r.material, "PLA");
        assert_true(strncmp(r.slicer, "PrusaSlicer 2", 13) == 0);
        assert_int_equal(r.max_tool_mc, 210000);
        assert_int_equal(r.max_bed_mc, 60000);
        assert_int_equal(r.placeholder_line_no, 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_empty_file_says_so),
        cmocka_unit_test(lines_and_commands_are_counted),
        cmocka_unit_test(bounds_are_those_of_extruding_moves),
        cmocka_unit_test(moves_before_homing_have_no_place),
        cmocka_unit_test(arcs_reach_beyond_their_ends),
        cmocka_unit_test(the_time_of_an_arc_is_that_of_its_chords),
        cmocka_unit_test(layers_come_from_the_slicers_marks),
        cmocka_unit_test(one_kind_of_mark_counts),
        cmocka_unit_test(a_spiral_without_marks_has_layers),
        cmocka_unit_test(filament_is_net_by_tool),
        cmocka_unit_test(a_long_move_is_a_trapezoid),
        cmocka_unit_test(a_straight_line_in_pieces_takes_as_long),
        cmocka_unit_test(a_corner_costs_time_and_reversal_more),
        cmocka_unit_test(the_files_own_limits_hold),
        cmocka_unit_test(waiting_is_counted_and_homing_is_not),
        cmocka_unit_test(a_crawl_does_not_last_for_ever),
        cmocka_unit_test(temperatures_are_the_highest),
        cmocka_unit_test(long_lines_are_named),
        cmocka_unit_test(lines_of_ten_kilobytes_are_read),
        cmocka_unit_test(binary_bytes_are_found_outside_of_comments),
        cmocka_unit_test(placeholders_are_found),
        cmocka_unit_test(slicers_are_recognised_by_their_comments),
        cmocka_unit_test(settings_are_found_however_far_from_the_end),
        cmocka_unit_test(each_tool_has_its_filament),
        cmocka_unit_test(the_material_is_that_of_the_tool_which_prints),
        cmocka_unit_test(a_profile_name_is_not_a_model),
        cmocka_unit_test(foreign_names_are_made_safe),
        cmocka_unit_test(weight_follows_density_and_diameter),
        cmocka_unit_test(the_samples_are_as_sliced),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
