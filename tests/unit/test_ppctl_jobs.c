// link: ppctl_parts
/* Jobs and the tables around the queue as people see them, at several widths. */
#include "tools/ppctl/text.h"
#include "tools/ppctl/view_jobs.h"

#include <locale.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#define NOON INT64_C(1763640000000) /* 2025-11-20 12:00 UTC */

#define SETS                                                                                       \
    "[{'id':'0192f0a0-0000-7000-8000-00000000aaaa','path':'gear.gcode','count':4,'remaining':3,"   \
    "'completed':1,'profiles':['prusa-mk3s'],'materials':['PLA_Black',null,'PETG'],'time_ms':"     \
    "754000,'why':'tool 0 needs PLA_Black, it holds nothing that is known'},"                      \
    "{'id':'0192f0a0-0000-7000-8000-00000000bbbb','path':'axle.gcode','count':1,'remaining':1,"    \
    "'completed':0,'profiles':[],'materials':[],'time_ms':null,'why':null}]"

#define GEARS                                                                                      \
    "{'id':'0192f0a0-aaaa-7000-8000-00000093779d','name':'gears','queue':'local','position':1,"    \
    "'count':3,'remaining':2,'completed':1,'draft':false,'share':true,'repeat':true,"              \
    "'created_ms':1763636400000,'submitter':'ana','note':'for Bob','changed_by':'web',"            \
    "'changed_ms':1763638200000,'archived_ms':null,'time_left_ms':1508000,"                        \
    "'filament_left_mm':2469.0,'state':'blocked','why':'tool 0 needs PLA_Black, it holds nothing " \
    "that is known','claims':[{'printer':'mk3','since_ms':1763638200000,'run':'r','set':'s',"      \
    "'run_ms':1763638260000}],'sets':" SETS "}"

#define DRAFT                                                                                      \
    "{'id':'0192f0a0-bbbb-7000-8000-0000001c4a63','name':null,'position':2,'count':1,"             \
    "'completed':0,'draft':true,'time_left_ms':99000,'filament_left_mm':34,'state':'draft',"       \
    "'why':null,'sets':" SETS "}"

typedef void view_function(struct strbuf *out, const struct view *v, const json_t *doc);

/* What is shown of a document; ' stands for " in it. */
static char *shown(view_function *show, int columns, const char *text)
{
    struct strbuf out = {0};
    json_error_t why;
    char *copy = strdup(text);
    for (char *at = copy; *at != '\0'; at++) {
        *at = *at == '\'' ? '"' : *at;
    }
    json_t *doc = json_loads(copy, 0, &why);
    if (doc == NULL) {
        fail_msg("%s: %s", why.text, copy);
    }
    struct view v = {.columns = columns, .utf8 = true, .now_ms = NOON, .target = "-H mk3 "};
    show(&out, &v, doc);
    char *result = strdup(strbuf_text(&out));
    strbuf_fini(&out);
    json_decref(doc);
    free(copy);
    return result;
}

static void assert_shown(view_function *show, int columns, const char *text, const char *wanted)
{
    char *got = shown(show, columns, text);
    assert_string_equal(got, wanted);
    free(got);
}

static void assert_fits(view_function *show, int columns, const char *text)
{
    char *got = shown(show, columns, text);
    for (char *line = strtok(got, "\n"); line != NULL; line = strtok(NULL, "\n")) {
        if (text_columns(line) > columns) {
            fail_msg("%d columns: \"%s\"", columns, line);
        }
    }
    free(got);
}

static void jobs_are_a_table_with_what_blocks_each_below_it(void **state)
{
    (void)state;
    assert_shown(view_jobs, 80, "{'total':7,'jobs':[" GEARS "," DRAFT "]}",
        "  #  id      job                              copies  state      left\n"
        "  1  93779d  gears                              1/3+  blocked    25 min 08 s\n"
        "             tool 0 needs PLA_Black, it holds nothing that is known\n"
        "  2  1c4a63  gear.gcode                          0/1  draft      1 min 39 s\n"
        "7 jobs, the first 2 shown, 25 min 08 s, 2.5 m of filament to go\n");
    assert_shown(view_jobs, 80, "{'total':0,'jobs':[]}", "no jobs\n");
}

static void a_narrow_terminal_breaks_what_blocks_a_job(void **state)
{
    (void)state;
    assert_shown(view_jobs, 62, "{'total':1,'jobs':[" GEARS "]}",
        "  #  id      job                copies  state      left\n"
        "  1  93779d  gears                1/3+  blocked    25 min 08 s\n"
        "             tool 0 needs PLA_Black, it holds nothing that is\n"
        "             known\n"
        "1 job, 25 min 08 s, 2.5 m of filament to go\n");
}

static void a_very_narrow_terminal_shows_what_matters_most(void **state)
{
    (void)state;
    assert_shown(view_jobs, 40, "{'total':2,'jobs':[" GEARS "," DRAFT "]}",
        "  #  id      job               state\n"
        "  1  93779d  gears             blocked  \n"
        "             tool 0 needs PLA_Black, it\n"
        "             holds nothing that is known\n"
        "  2  1c4a63  gear.gcode        draft    \n"
        "2 jobs, 25 min 08 s, 2.5 m of filament\n"
        "to go\n");
}

static void one_job_is_shown_with_all_its_sets(void **state)
{
    (void)state;
    assert_shown(view_job, 80, GEARS,
        "gears\n"
        "  id        0192f0a0-aaaa-7000-8000-00000093779d\n"
        "  state     blocked: tool 0 needs PLA_Black, it holds nothing that is known;\n"
        "            queue local, position 1\n"
        "  copies    1 of 3 done, 25 min 08 s to go, 2.5 m of filament; begins anew when\n"
        "            done; several printers may print it\n"
        "  printer   mk3, printing since 11:31\n"
        "  added     11:00 by ana; changed 11:30 by web\n"
        "  note      for Bob\n"
        "  #  file                                done remaining      of  each\n"
        "  1  gear.gcode                             1         3       4  12 min 34 s\n"
        "     for prusa-mk3s\n"
        "     of PLA_Black, any, PETG\n"
        "     tool 0 needs PLA_Black, it holds nothing that is known\n"
        "  2  axle.gcode                             0         1       1  -\n");
}

static void nothing_is_wider_than_the_terminal(void **state)
{
    static const int columns[] = {40, 60, 80, 120};
    (void)state;
    for (size_t i = 0; i < sizeof columns / sizeof *columns; i++) {
        assert_fits(view_jobs, columns[i], "{'total':2,'jobs':[" GEARS "," DRAFT "]}");
        assert_fits(view_job, columns[i], GEARS);
        assert_fits(view_stats, columns[i],
            "{'stats':[{'key':'a file with a long name.gcode','prints':999999,'success':999998,"
            "'failure':1,'cancelled':0,'aborted':0,'interrupted':0,'time_ms':31536000000,"
            "'filament_mm':99999999,'grams':99999}]}");
        assert_fits(view_queues, columns[i],
            "{'queues':[{'name':'local','kind':'local','strategy':'least-changes','enabled':"
            "false,'jobs':999999,'archived':999999,'time_left_ms':1508000}]}");
        assert_fits(view_manage, columns[i],
            "{'text':'clearing the bed; \\'pause\\' waits for: Take the part off the bed. Going on "
            "means: the bed is clear'}");
    }
}

/* A job's name with control characters and emoji, 300 bytes of it. */
static void foreign_names_are_escaped_and_cut(void **state)
{
    char text[1600] = "{'total':1,'jobs':[{'id':'0192f0a0-aaaa-7000-8000-00000093779d','name':'"
                      "\\u001b[2J\\u0007\\n\\u202e";
    (void)state;
    for (int i = 0; i < 70; i++) {
        strcat(text, "\xf0\x9f\x98\x80");
    }
    strcat(
        text, "','position':1,'count':1,'completed':0,'state':'waiting\\u001b','why':'\\u009b'}]}");
    for (int columns = 40; columns <= 120; columns += 40) {
        char *got = shown(view_jobs, columns, text);
        assert_null(strpbrk(got, "\x1b\x07"));
        assert_null(strstr(got, "\xe2\x80\xae"));
        assert_non_null(strstr(got, "\\x1b[2J"));
        assert_non_null(strstr(got, "..  "));
        free(got);
    }
}

static void documents_of_other_shapes_are_shown_as_far_as_they_go(void **state)
{
    static const char *const docs[] = {"{}", "{'jobs':[{}]}", "{'jobs':{}}", "{'jobs':[1,null]}",
        "{'jobs':[{'id':3,'name':[],'sets':[7],'claims':[{}],'count':'x','time_left_ms':1e300}]}",
        "{'sets':[{}],'claims':[1],'state':null}", "{'queues':[{}]}", "{'stats':[{}]}",
        "{'templates':[{'job':[]}]}", "{'quarantine':[{}]}", "{'profiles':[{'max_mm':['a']}]}",
        "{'text':7}"};
    static view_function *const all[] = {view_jobs, view_job, view_manage, view_templates,
        view_queues, view_quarantine, view_profiles, view_stats};
    (void)state;
    for (size_t i = 0; i < sizeof docs / sizeof *docs; i++) {
        for (size_t k = 0; k < sizeof all / sizeof *all; k++) {
            free(shown(all[k], 80, docs[i]));
        }
    }
}

static void managing_stands_in_line_with_the_rest_of_the_status(void **state)
{
    (void)state;
    assert_shown(view_manage, 80, "{'text':'not managing'}", "  queue      not managing\n");
    assert_shown(view_manage, 40, "{'text':'waiting for a person: is the bed clear?'}",
        "  queue      waiting for a person: is\n"
        "             the bed clear?\n");
    assert_shown(view_manage, 80, "{}", "");
}

static void queues_and_sums_are_tables(void **state)
{
    (void)state;
    assert_shown(view_queues, 80,
        "{'queues':[{'name':'local','kind':'local','strategy':'in-order','enabled':false,'jobs':2,"
        "'archived':10,'time_left_ms':754000}]}",
        "queue            kind    strategy          jobs  archived  left\n"
        "local            local   in-order             2        10  12 min 34 s  disabled\n");
    assert_shown(view_stats, 80,
        "{'stats':[{'key':'vase.gcode','prints':12,'success':9,'failure':1,'cancelled':1,'aborted':"
        "0,'interrupted':1,'time_ms':7540000,'filament_mm':12345.6,'grams':36.8}]}",
        "              prints    good  failed  cancelled  time          filament   weight\n"
        "vase.gcode        12       9       2          1  2 h 05 min      12.3 m     37 g\n");
    assert_shown(view_stats, 80, "{'stats':[]}", "nothing printed yet\n");
}

static void what_is_not_there_says_how_to_make_it(void **state)
{
    (void)state;
    assert_shown(view_templates, 80, "{'templates':[]}",
        "no templates; ppctl -H mk3 template save NAME ID makes one\n");
    assert_shown(view_quarantine, 80, "{'quarantine':[]}", "no file is in quarantine\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(jobs_are_a_table_with_what_blocks_each_below_it),
        cmocka_unit_test(a_narrow_terminal_breaks_what_blocks_a_job),
        cmocka_unit_test(a_very_narrow_terminal_shows_what_matters_most),
        cmocka_unit_test(one_job_is_shown_with_all_its_sets),
        cmocka_unit_test(nothing_is_wider_than_the_terminal),
        cmocka_unit_test(foreign_names_are_escaped_and_cut),
        cmocka_unit_test(documents_of_other_shapes_are_shown_as_far_as_they_go),
        cmocka_unit_test(managing_stands_in_line_with_the_rest_of_the_status),
        cmocka_unit_test(queues_and_sums_are_tables),
        cmocka_unit_test(what_is_not_there_says_how_to_make_it),
    };
    setlocale(LC_CTYPE, "C.UTF-8");
    setenv("TZ", "UTC", 1);
    tzset();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
