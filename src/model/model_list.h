/* The models, one line each: RB_MODEL(name) stands for rb_<name>_type in the folder of that name.
 */
RB_MODEL(lif)
RB_MODEL(linear_gaussian)
