# Loss on the LIF and on adex by minutes of training on two cores, statistics beside networks over the recording:
#   cd docs/figures && gnuplot statistics_peers.gp
set terminal pngcairo size 1000,460 font "sans,11"
set output "statistics_peers.png"
set datafile separator ","
set datafile missing NaN
set multiplot layout 1,2
set xlabel "minutes of training, two cores"
set ylabel "loss, nats"
set xrange [0:5.6]
set grid y linecolor "#dddddd"
set key top right samplen 1.5
methods = "'rheobase statistics' 'BayesFlow TimeSeriesNetwork' 'BayesFlow TimeSeriesTransformer' 'sbi CNNEmbedding'"
colours = "#000000 #56b4e9 #009e73 #e69f00"
loss_of(model, method) = strcol(1) eq model && strcol(2) eq method ? $4 : NaN
do for [model in "lif adex"] {
  set title model
  set yrange [(model eq "lif" ? -5 : -21):(model eq "lif" ? 5 : 10)]
  plot for [k in (model eq "lif" ? "1 2 3 4" : "1 2 4")] \
      "statistics_peers.csv" every ::1 using 3:(loss_of(model, word(methods, int(k)))) \
      with linespoints pointtype 7 pointsize 0.4 linewidth 2 linecolor rgb word(colours, int(k)) \
      title word(methods, int(k))
}
unset multiplot
