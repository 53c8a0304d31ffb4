/* The models, one line each: RB_MODEL(name) stands for rb_<name>_type. Those of the sbibm benchmark
 * are in the folder `benchmark`, others in that of their name. The first is the default. */
RB_MODEL(lif)
RB_MODEL(linear_gaussian)
RB_MODEL(sbibm_gaussian_linear)
RB_MODEL(sbibm_gaussian_linear_uniform)
RB_MODEL(sbibm_slcp)
RB_MODEL(sbibm_slcp_distractors)
RB_MODEL(sbibm_bernoulli_glm)
RB_MODEL(sbibm_bernoulli_glm_raw)
RB_MODEL(sbibm_gaussian_mixture)
RB_MODEL(sbibm_two_moons)
RB_MODEL(sbibm_sir)
RB_MODEL(sbibm_lotka_volterra)
