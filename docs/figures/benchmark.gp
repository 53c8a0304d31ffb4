# C2ST of the sbibm tasks by budget, rheobase beside published amortised posteriors:
#   cd docs/figures && gnuplot benchmark.gp
set terminal pngcairo size 1500,640 font "sans,11"
set output "benchmark.png"
set datafile separator ","
set datafile missing NaN
set logscale x
set xrange [600:170000]
set xtics ("1k" 1000, "10k" 10000, "100k" 100000)
set yrange [0.48:1.02]
set ytics 0.1
set grid y linecolor "#dddddd"
set key off
methods = "'sbibm NPE' 'npe-pfn NPE' 'npe-pfn ensemble' rheobase"
colours = "#999999 #56b4e9 #e69f00 #000000"
row(t, m) = strcol(1) eq t && strcol(2) eq m ? $3 : NaN
tasks = "gaussian_linear gaussian_linear_uniform slcp slcp_distractors bernoulli_glm \
         bernoulli_glm_raw gaussian_mixture two_moons sir lotka_volterra"
set multiplot layout 2,5 margins 0.04,0.99,0.11,0.95 spacing 0.025,0.11
do for [i=1:10] {
  set title word(tasks, i) offset 0,-0.7 noenhanced
  if (i == 1) { set key top right samplen 1.5 } else { set key off }
  plot for [k=1:4] "benchmark.csv" every ::1 using (row(word(tasks, i), word(methods, k))):4 \
      with linespoints pointtype (k == 4 ? 7 : 6) linewidth (k == 4 ? 2.5 : 1.2) \
      linecolor rgb word(colours, k) notitle, \
    for [k=1:4] keyentry with linespoints pointtype (k == 4 ? 7 : 6) \
      linewidth (k == 4 ? 2.5 : 1.2) linecolor rgb word(colours, k) title word(methods, k)
}
unset multiplot
